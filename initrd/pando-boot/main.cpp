// SPDX-License-Identifier: GPL-2.0-or-later
// pando-boot: process 1 of the initramfs; a few verbs beside. Dispatch only.
#include "base/file.h"
#include "base/log.h"
#include "hwdetect/coldplug.h"
#include "initrd/api_mounts.h"
#include "initrd/arguments.h"
#include "initrd/boot.h"
#include "initrd/boot_verbs.h"
#include "initrd/booted.h"
#include "initrd/console.h"
#include "initrd/control_socket.h"
#include "initrd/ending.h"
#include "initrd/last_end.h"
#include "initrd/mount_root.h"
#include "initrd/network.h"
#include "initrd/policy.h"
#include "initrd/preflight_override.h"
#include "initrd/quorum_override.h"
#include "initrd/refresh.h"
#include "initrd/rescue_session.h"

#include <unistd.h>
#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <vector>

namespace {

using namespace pando;
using namespace pando::initrd;

[[noreturn]] void boot_main() {
    setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
    signal(SIGPIPE, SIG_IGN);
    if (auto mounted = mount_api_filesystems(); !mounted) {
        log::write(mounted.error());
        reboot_after(std::chrono::seconds(30));
    }
    auto arguments = parse_boot_arguments(read_file("/proc/cmdline").value_or(""));
    log_to_consoles(arguments && arguments->debug);
    log::info("Pando {}: this machine becomes a node", PANDO_VERSION);
    if (!arguments) {
        log::write(arguments.error());
        reboot_after(std::chrono::seconds(30));
    }
    tell_last_end();
    // Leaked on purpose: threads of work ahead may use it as long as process 1 lives.
    auto& boot = *new Boot;
    boot.arguments = *arguments;
    serve_boot();
    const bool install = boot.arguments.install.has_value();
    run_stages(boot, install ? install_stages() : boot_stages());
    end_machine(install ? Ending::power_off : Ending::reboot);
}

// By hand in a rescue shell, and by tests/bench/hardware: how long the drivers take.
int coldplug_main(const std::vector<std::filesystem::path>& wanted) {
    const auto begin = since_boot();
    const auto there = [&] {
        return std::all_of(wanted.begin(), wanted.end(),
                           [](const auto& path) { return std::filesystem::exists(path); });
    };
    const auto done = hwdetect::coldplug(there, Deadline::after(std::chrono::seconds(60)));
    if (!done) {
        log::write(done.error());
        return 1;
    }
    for (const auto& driver : done->loaded) fmt::print("{} for {}\n", driver.module, driver.device);
    for (const auto& missing : done->missing) fmt::print("{}\n", missing);
    for (const auto& failed : done->failed) fmt::print("failed: {}\n", failed);
    fmt::print("coldplug: {} drivers in {} ms\n", done->loaded.size(), (since_boot() - begin).count());
    return there() ? 0 : 1;
}

int usage() {
    fmt::print(
        stderr,
        "usage: pando-boot status [--json]    what this boot does, how long it may, and what it waits for\n"
        "       pando-boot retry [STAGE]      after a failure: go on with that stage, or with an earlier one\n"
        "       pando-boot set STAGE.deadline=SPAN | STAGE.policy=retry|rescue|reboot | rescue.deadline=SPAN\n"
        "       pando-boot log                what this boot has said, and the last words of the cluster's daemons\n"
        "       pando-boot fence NODE [--yes] run the fence devices of another node, from the chroot\n"
        "       pando-boot preflight --without NODE… --reason TEXT\n"
        "                                     pass over the silent fence devices of a node that is off, in this boot\n"
        "       pando-boot quorum [--without NODE [--fence|--is-off] [--reason TEXT]]…\n"
        "                                     who is missing; starts a cluster without nodes that are proven off\n"
        "       pando-boot reboot | poweroff  end this boot\n"
        "       pando-boot booted            report that this node is up (its systemd unit does)\n"
        "       pando-boot refresh           names and keys from a newer description (its systemd unit does)\n"
        "       pando-boot session           what a login by the rescue ssh gets; dropbear starts it\n"
        "       pando-boot coldplug PATH…    load drivers as a boot does, until these are there, and tell which\n"
        "As process 1 of an initramfs it boots a node.\n");
    return 2;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string name = std::filesystem::path(argv[0]).filename();
    if (name == dhcp_event_name) return dhcp_event_main(argc, argv);
    const std::string_view verb = argc > 1 ? argv[1] : "";
    if (verb == mount_root_verb) return mount_root_main(argc - 1, argv + 1);
    if (verb == "booted") return booted_main();
    if (verb == "refresh") return refresh_main();
    if (verb == "preflight") return preflight_verb_main({argv + 2, argv + argc});
    if (verb == "quorum") return quorum_from_boot({argv + 2, argv + argc});
    if (verb == "session" && argc == 2) return boot_session_main();
    if (verb == "coldplug" && argc > 2) return coldplug_main({argv + 2, argv + argc});
    if (getpid() == 1) boot_main();
    if (const auto status = boot_verb_main({argv + 1, argv + argc})) return *status;
    return usage();
}
