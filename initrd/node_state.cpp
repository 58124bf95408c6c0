// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/node_state.h"

#include "base/file.h"
#include "base/lock.h"
#include "chroot-builder/generation.h"
#include "initrd/device_map.h"
#include "initrd/drill_report.h"
#include "initrd/last_end.h"
#include "initrd/rescue_ssh.h"
#include "initrd/watch_rules.h"

#include <sys/statvfs.h>
#include <algorithm>

namespace pando::initrd {
namespace {

// As process 1 has it, since we may run inside the chroot.
std::optional<Mount> read_mount(const std::string& point) {
    return mount_at(mounts_of(1).value_or(std::vector<Mount>()), point);
}

// In the mount namespace of the survival set: not process 1's, and without the chroot's place in it.
bool runs_inside_chroot() {
    std::error_code ours, its;
    const auto here = std::filesystem::read_symlink("/proc/self/ns/mnt", ours);
    const auto there = std::filesystem::read_symlink("/proc/1/ns/mnt", its);
    return !ours && !its && here != there && !chroot::device_of_mount(chroot::chroot_path);
}

// iscsid only where the root comes over iSCSI: without it a lost connection is never made again. sbd where it is the
// one that feeds the watchdog.
std::vector<std::string> required_daemons(const NodeState& state) {
    std::vector<std::string> names = {"@corosync", "@dlm_controld", "@pando-survival", "@pando-follow", "@pando-watch"};
    if (!list_directory("/sys/class/iscsi_session").value_or(std::vector<std::string>()).empty())
        names.emplace_back("@iscsid");
    // Only where this boot has started it: the description may have come to want it since.
    if (std::filesystem::exists(rescue_ssh_file)) names.push_back(std::string("@") + rescue_ssh_name);
    if (state.watch && state.watch->mode == mode_sbd) names.emplace_back("@sbd");
    return names;
}

const std::filesystem::path generations = std::filesystem::path(chroot::chroot_path) / chroot::generations_directory;

void read_room(NodeState& state) {
    const std::filesystem::path tree = runs_inside_chroot() ? "/" : chroot::chroot_path;
    struct statvfs fs {};
    if (statvfs(tree.c_str(), &fs) == 0) {
        state.chroot_size = fs.f_blocks * fs.f_frsize;
        state.chroot_used = (fs.f_blocks - fs.f_bfree) * fs.f_frsize;
    }
    if (auto place = chroot::Place::load()) state.place = std::move(*place);
    if (state.place && state.place->on_disk() && statvfs((tree / chroot::generations_directory).c_str(), &fs) == 0)
        state.disk_free = fs.f_bavail * fs.f_frsize;
}

void find_faults(NodeState& state) {
    auto& faults = state.faults;
    if (!state.boot) faults.emplace_back("this system was not started by pando-boot");
    if (state.boot && state.boot->state != "booted") faults.push_back("the boot is in state " + state.boot->state);
    if (!state.quorum) faults.emplace_back("corosync does not answer");
    if (state.quorum && !state.quorum->quorate) faults.emplace_back("no quorum: the shared root is frozen");
    if (state.root && !state.root->writable()) faults.emplace_back("the root is mounted read-only");
    if (state.root_suspended && !state.drill_time_left)
        faults.emplace_back(
            "the root is suspended, and no drill is there to release it: `. /run/pando/enter`, then: pando-survival "
            "release");
    for (const std::string& daemon : required_daemons(state)) {
        const bool runs = std::any_of(state.survival.begin(), state.survival.end(),
                                      [&](const Process& process) { return process.name == daemon; });
        if (!runs) faults.push_back(daemon.substr(1) + " does not run in the chroot: reboot this node in order");
    }
    if (state.watch && state.watch->mode == "required" && state.watch->device.empty())
        faults.emplace_back("no watchdog is fed, and watchdog.mode is required: reboot this node in order");
    if (state.watch && !state.watch->device.empty() && !state.watch->remark.empty())
        faults.push_back(fmt::format("watchdog {}: {}", state.watch->device, state.watch->remark));
    // Logs of the survival set are there too; a full one ends with no fence agent able to run.
    if (state.chroot_used > state.chroot_size / 10 * 8 && state.chroot_size > 0)
        faults.emplace_back("the chroot is nearly full: look at /run/initramfs/var/log, or raise chroot.size");
    if (state.place && state.place->on_disk()) {
        const auto mount = read_mount(generations);
        if (!mount) faults.push_back("the chroot's generations are not mounted any more: " + state.place->text());
        if (mount && !mount->writable())
            faults.push_back(
                fmt::format("the chroot's disk {} has become read-only: it is dying, see dmesg", state.place->device));
    }
    if (state.boot) add_fence_faults(state.fence, state.boot->node, faults);
    for (const auto& foothold : state.footholds) {
        faults.push_back(fmt::format("{} (process {}) stands on the shared root by {}: {}", foothold.process,
                                     foothold.pid, foothold.how, foothold.path));
    }
}

}  // namespace

Result<NodeState> read_node_state() {
    NodeState state;
    if (auto boot = Timeline::load()) state.boot = std::move(*boot);
    if (auto quorum = read_quorum()) state.quorum = std::move(*quorum);
    state.root = read_mount("/");
    state.root_suspended = state.root && is_suspended(state.root->device);
    // A drill that was killed leaves its file behind, but not the lock.
    if (FileLock::is_held(drill_lock)) state.drill_time_left = drill_time_left();
    const auto pids = TRY(chroot::survival_processes());
    for (const pid_t pid : pids) state.survival.push_back({pid, first_argument(pid)});
    if (state.root) state.footholds = TRY(chroot::footholds(pids, state.root->device));
    read_room(state);
    state.fence = read_fence_state();
    state.watch = parse_watch_state(read_file(watch_file).value_or(""));
    state.last_end = last_end_reason();
    find_faults(state);
    return state;
}

}  // namespace pando::initrd
