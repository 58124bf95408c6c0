// SPDX-License-Identifier: GPL-2.0-or-later
// pando chroot drill: the root of this node is suspended for some seconds, and what must survive that is asked. All is
// prepared here; then this process becomes pando-survival in the chroot, so that nothing stands on what it suspends.
#include "base/file.h"
#include "base/procfs.h"
#include "base/sysroot.h"
#include "chroot-builder/residence.h"
#include "chroot-builder/survival_namespace.h"
#include "cli/command.h"
#include "config/bundle.h"
#include "initrd/device_map.h"
#include "initrd/drill_check.h"
#include "initrd/witness.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <memory>

namespace pando::cli {
namespace {

using initrd::DrillPlan;

constexpr const char* private_tree = "/.pando/local";  // this node's own: nobody else waits for what is written there

struct DrillOptions {
    unsigned seconds = 10;
    bool force = false, dry_run = false, json = false;
};

// A report that goes into a file on the root would be waited for by the drill itself.
Result<> check_output(dev_t root) {
    for (const int fd : {STDOUT_FILENO, STDERR_FILENO}) {
        struct stat status {};
        if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_dev == root)
            return bad_input("the report would go into a file on the root that is to be suspended")
                .advise("through a pipe: pando chroot drill | tee FILE; it is kept in /run/pando/drill.json as well");
    }
    return {};
}

void print_plan(const DrillPlan& plan) {
    fmt::print("suspend the map {} for {} s: reads and writes of the root wait, on this node\n", plan.map,
               plan.seconds);
    fmt::print("meanwhile, from the chroot:\n  a direct read and a write on the root must wait\n");
    fmt::print("  quorum must stay, with members {}\n", fmt::join(plan.members, " "));
    for (const auto& device : plan.devices)
        fmt::print("  fence device {} of {} must answer: {}, status\n", device.name, device.node, device.agent);
    fmt::print("  pando-survival status and dlm_controld must answer\nresume the map, and write on the root\n");
}

Result<UniqueFd> in_memory(const std::string& plan) {
    UniqueFd file(memfd_create("plan", MFD_CLOEXEC));
    if (!file.valid()) return fail_errno(errno, "memfd_create");
    TRY(write_all(file.get(), plan));
    if (lseek(file.get(), 0, SEEK_SET) < 0) return fail_errno(errno, "memfd");
    return file;
}

// What goes along into the chroot, and nothing else: whatever the shell left open might be on the root.
Result<> hand_over(const UniqueFd& plan, const initrd::Witness& witness) {
    constexpr unsigned above_standard = 3;
    if (syscall(SYS_close_range, above_standard, ~0U, CLOSE_RANGE_CLOEXEC) < 0) return fail_errno(errno, "close_range");
    for (const auto* fd : {&witness.commands, &witness.answers})
        if (fcntl(fd->get(), F_SETFD, 0) < 0) return fail_errno(errno, "handing the witness over");
    if (dup2(plan.get(), STDIN_FILENO) < 0) return fail_errno(errno, "handing the plan over");
    return {};
}

Result<int> drill(const DrillOptions& options) {
    const auto state = TRY(initrd::read_node_state());
    const auto cluster = TRY(TRY(config::read_live_bundle()).description());
    const auto here = TRY(Sysroot::open("/"));
    TRY(initrd::check_node(state, cluster, options.force));
    TRY(initrd::check_patience(here, options.seconds));
    const auto map = initrd::map_on(state.root->device);
    if (!map)
        return bad_input("the root is on {}, which is no device-mapper map", state.root->source)
            .advise("this node was booted by an older pando: build the image again and reboot it");
    TRY(check_output(state.root->device));
    const auto daemons = TRY(processes_named("@corosync"));
    if (daemons.empty()) return bad_input("@corosync does not run").advise("pando status --here");
    const auto survival = TRY(chroot::SurvivalNamespace::of(daemons.front()));
    const auto lockspaces =
        TRY(survival.run({"/usr/sbin/dlm_tool", "ls"}, "", Deadline::after(std::chrono::seconds(10))));
    TRY(initrd::check_at_rest(here, cluster, lockspaces.out));

    auto plan = initrd::plan_drill(cluster, state, *map, options.seconds);
    plan.json = options.json;
    if (options.dry_run) {
        print_plan(plan);
        return 0;
    }
    const auto witness = TRY(initrd::Witness::start(private_tree));
    plan.witness_commands = witness.commands.get();
    plan.witness_answers = witness.answers.get();
    TRY(hand_over(TRY(in_memory(plan.to_json())), witness));
    fflush(nullptr);
    return Failure(survival.become({"/usr/sbin/pando-survival", "drill"}));
}

}  // namespace

Action declare_chroot_drill(CLI::App& app) {
    auto options = std::make_shared<DrillOptions>();
    app.add_option("--seconds", options->seconds, "how long the root is suspended")
        ->check(CLI::Range(initrd::least_drill, initrd::longest_drill))
        ->capture_default_str();
    app.add_flag("--force", options->force, "also when a node of the cluster is not a member");
    app.add_flag("--dry-run", options->dry_run, "say what would be done, and do nothing");
    app.add_flag("--json", options->json, "for programs; nothing is said before the end");
    return [options] { return drill(*options); };
}

}  // namespace pando::cli
