// SPDX-License-Identifier: GPL-2.0-or-later
// May this node drill now, and what would the drill do? Looked at before, while the root still answers.
#pragma once

#include "base/result.h"
#include "base/sysroot.h"
#include "config/cluster.h"
#include "initrd/drill_plan.h"
#include "initrd/node_state.h"

#include <string_view>

namespace pando::initrd {

constexpr unsigned least_drill = 3;  // seconds: a fence agent needs that long to answer
constexpr unsigned longest_drill = 60;

// Refuses a node that is not healthy, whose root is on no map, or, unless `force`, that misses a peer. Pure.
Result<> check_node(const NodeState& state, const config::Cluster& cluster, bool force);

// Refuses while the lock manager or the filesystem is busy with a recovery, from what `dlm_tool ls` says and from
// /sys/fs/gfs2: the freeze would be theirs as well, and prove nothing.
Result<> check_at_rest(const Sysroot& root, const config::Cluster& cluster, std::string_view dlm_tool_ls);

// Refuses when something on this machine would take so long a silence for its death: a hardware watchdog that is fed
// from the root, a kernel that panics over tasks that hang.
Result<> check_patience(const Sysroot& root, unsigned seconds);

DrillPlan plan_drill(const config::Cluster& cluster, const NodeState& state, const std::string& map, unsigned seconds);

}  // namespace pando::initrd
