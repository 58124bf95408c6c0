// SPDX-License-Identifier: GPL-2.0-or-later
// What holds on this node now, read from files in RAM, from /proc and from corosync: it must answer while the shared
// root is frozen, so it opens nothing there. The same inside the chroot as outside.
#pragma once

#include "base/deadline.h"
#include "base/procfs.h"
#include "base/result.h"
#include "chroot-builder/place.h"
#include "chroot-builder/residence.h"
#include "initrd/fence_state.h"
#include "initrd/quorum.h"
#include "initrd/timeline.h"
#include "initrd/watch.h"

#include <optional>
#include <string>
#include <vector>

namespace pando::initrd {

struct Process {
    pid_t pid = 0;
    std::string name;  // @corosync
};

struct NodeState {
    std::optional<Timeline> boot;  // absent: not started by pando-boot
    std::optional<Quorum> quorum;  // absent: no corosync answers
    std::optional<Mount> root;
    bool root_suspended = false;                  // its map is
    std::optional<Milliseconds> drill_time_left;  // absent: no drill runs
    std::vector<Process> survival;
    std::vector<chroot::Foothold> footholds;    // of the survival set on the root: must be empty
    uint64_t chroot_used = 0, chroot_size = 0;  // bytes of its tmpfs
    std::optional<chroot::Place> place;         // where its generations are; absent: the boot did not get that far
    uint64_t disk_free = 0;                     // bytes, when they are on a disk
    FenceState fence;
    std::optional<WatchState> watch;  // absent: it has told nothing
    std::string last_end;             // why this machine's last boot ended, when its kernel could tell
    std::vector<std::string> faults;  // what is wrong, a line each; empty on a healthy node
};

Result<NodeState> read_node_state();

}  // namespace pando::initrd
