// SPDX-License-Identifier: GPL-2.0-or-later
// pando-survival: what the fencing chroot carries of ours. Small on purpose: it lives in RAM, on every node, for ever.
#include "base/log.h"
#include "base/number.h"
#include "config/fence_agent.h"
#include "fencing/agent.h"
#include "initrd/drill.h"
#include "initrd/exit.h"
#include "initrd/fence_verbs.h"
#include "initrd/follow.h"
#include "initrd/keeper.h"
#include "initrd/node_report.h"
#include "initrd/quorum_override.h"
#include "initrd/reporter.h"
#include "initrd/rescue_session.h"
#include "initrd/stopping.h"
#include "initrd/watch.h"

#include <unistd.h>
#include <cstdio>
#include <filesystem>

namespace {

using namespace pando;

int status(bool as_json) {
    const auto state = initrd::read_node_state();
    if (!state) {
        log::write(state.error());
        return 1;
    }
    fmt::print("{}", as_json ? to_json(*state) : to_text(*state));
    return state->faults.empty() ? 0 : 1;
}

int usage() {
    fmt::print(
        stderr,
        "usage: pando-survival status [--json]   what holds on this node now; asks the shared root nothing\n"
        "       pando-survival release           let go of a root that a drill left suspended\n"
        "       pando-survival drill             what pando chroot drill starts, with its plan on standard input\n"
        "       pando-survival keep              keeps the chroot's files in memory; pando-boot starts it\n"
        "       pando-survival follow DEVICE ID  keeps the node's claim on the LUN alive, and sees newer descriptions\n"
        "       pando-survival report            tells how this node is, and hears how the others are; pando-boot "
        "starts "
        "it\n"
        "       pando-survival fence test|history|now|confirm …   as pando fence, while the root is frozen\n"
        "       pando-survival quorum [--without NODE]…   who is missing; to start a cluster without nodes that are "
        "off\n"
        "       pando-survival watch KEY=VALUE…  feeds the watchdog, and resets a node that lost its root; pando-boot "
        "starts it\n"
        "       pando-survival stopping          tells the watch when this node stops; its systemd unit starts it\n"
        "       pando-survival session           what a login by the rescue ssh gets; dropbear starts it\n"
        "       pando-survival --version\n"
        "As process 1 of the exit tree (/shutdown) it ends a node in order.\n");
    return 2;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string_view verb = argc > 1 ? argv[1] : "";
    const std::string_view option = argc > 2 ? argv[2] : "";
    if (std::filesystem::path(argv[0]).filename() == "shutdown" && getpid() == 1) initrd::exit_main(argc, argv);
    if (std::filesystem::path(argv[0]).filename() == config::fence_agent) return fencing::fence_main();
    if (verb == "status" && argc <= 3 && (option.empty() || option == "--json")) return status(!option.empty());
    if (verb == "release" && argc == 2) return initrd::release_main();
    if (verb == "drill" && argc == 2) return initrd::drill_main();
    if (verb == "keep" && argc == 2) return initrd::keeper_main();
    if (verb == "fence") return initrd::fence_verbs_main({argv + 2, argv + argc});
    if (verb == "follow" && argc == 4)
        if (const auto id = whole_number<uint32_t>(argv[3])) return initrd::follow_main(option, *id);
    if (verb == "report" && argc == 2) return initrd::reporter_main();
    if (verb == "watch" && argc > 2) return initrd::watch_main({argv + 2, argv + argc});
    if (verb == "quorum") return initrd::quorum_main({argv + 2, argv + argc});
    if (verb == "session" && argc == 2) return initrd::chroot_session_main();
    if (verb == "stopping" && argc == 2) return initrd::stopping_main();
    if (verb == "--version" && argc == 2) {
        fmt::print("pando-survival {}\n", PANDO_VERSION);
        return 0;
    }
    return usage();
}
