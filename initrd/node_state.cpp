// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/node_state.h"

#include "base/file.h"
#include "initrd/survival.h"

#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <algorithm>
#include <sstream>

namespace pando::initrd {
namespace {

// The last mount at "/" is the one that is seen.
std::optional<RootMount> read_root_mount() {
    std::optional<RootMount> found;
    std::istringstream lines(read_file("/proc/self/mountinfo").value_or(""));
    for (std::string line; std::getline(lines, line);) {
        std::istringstream fields(line);
        std::string id, parent, number, root, point, options, optional, filesystem, device, super;
        fields >> id >> parent >> number >> root >> point >> options;
        while (fields >> optional && optional != "-") {
        }
        fields >> filesystem >> device >> super;
        if (point != "/") continue;
        unsigned major_number = 0, minor_number = 0;
        char colon = 0;
        std::istringstream(number) >> major_number >> colon >> minor_number;
        found = RootMount{device, filesystem, options + "," + super, makedev(major_number, minor_number)};
    }
    return found;
}

// iscsid only where the root comes over iSCSI: without it a lost connection is never made again.
std::vector<std::string> required_daemons() {
    std::vector<std::string> names = {"@corosync", "@dlm_controld"};
    if (!list_directory("/sys/class/iscsi_session").value_or(std::vector<std::string>()).empty())
        names.emplace_back("@iscsid");
    return names;
}

void find_faults(NodeState& state) {
    auto& faults = state.faults;
    if (!state.boot) faults.emplace_back("this system was not started by pando-boot");
    if (state.boot && state.boot->state != "booted") faults.push_back("the boot is in state " + state.boot->state);
    if (!state.quorum) faults.emplace_back("corosync does not answer");
    if (state.quorum && !state.quorum->quorate) faults.emplace_back("no quorum: the shared root is frozen");
    if (state.root && !state.root->writable()) faults.emplace_back("the root is mounted read-only");
    for (const std::string& daemon : required_daemons()) {
        const bool runs = std::any_of(state.survival.begin(), state.survival.end(),
                                      [&](const Process& process) { return process.name == daemon; });
        if (!runs) faults.push_back(daemon.substr(1) + " does not run in the chroot");
    }
    for (const auto& foothold : state.footholds) {
        faults.push_back(fmt::format("{} (process {}) stands on the shared root by {}: {}", foothold.process,
                                     foothold.pid, foothold.how, foothold.path));
    }
}

}  // namespace

bool RootMount::writable() const { return ("," + options + ",").find(",ro,") == std::string::npos; }

Result<NodeState> read_node_state() {
    NodeState state;
    if (auto boot = Timeline::load()) state.boot = std::move(*boot);
    if (auto quorum = read_quorum()) state.quorum = std::move(*quorum);
    state.root = read_root_mount();
    const auto pids = TRY(chroot::survival_processes());
    for (const pid_t pid : pids) {
        const std::string line = read_file(fmt::format("/proc/{}/cmdline", pid)).value_or("");
        state.survival.push_back({pid, line.substr(0, line.find('\0'))});
    }
    if (state.root) state.footholds = TRY(chroot::footholds(pids, state.root->number));
    struct statvfs fs {};
    if (statvfs(chroot_path, &fs) == 0) {
        state.chroot_size = fs.f_blocks * fs.f_frsize;
        state.chroot_used = (fs.f_blocks - fs.f_bfree) * fs.f_frsize;
    }
    find_faults(state);
    return state;
}

}  // namespace pando::initrd
