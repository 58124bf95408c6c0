// SPDX-License-Identifier: GPL-2.0-or-later
// corosync's node list as the running daemons have it, and how they are made to read a newer one.
#pragma once

#include "base/deadline.h"
#include "base/result.h"
#include "config/cluster.h"
#include "initrd/quorum.h"

#include <string>
#include <string_view>

namespace pando::initrd {

// Does the running corosync go by this description's node list, and has it read its file as that is now? `cmap` is what
// corosync-cmapctl says. The file is of the Pando that this node booted: never one rendered anew, which another version
// may write in another way.
bool goes_by(const config::Cluster& cluster, std::string_view cmap, std::string_view file);

// What corosync-cmapctl says on this node.
Result<std::string> read_cmap(Deadline deadline);
// corosync.conf in this node's chroot.
Result<std::string> read_corosync_conf();
// Of this node's corosync, now.
Result<bool> corosync_goes_by(const config::Cluster& cluster, Deadline deadline);

// Would the members that are there have quorum by this node list? An error when they would not: the cluster would
// freeze in the moment in which corosync reads it.
Result<> check_votes(const config::Cluster& next, const Quorum& now);

// One node's word is enough: all members read their corosync.conf anew, which is that of `next`. Not done when
// check_votes() fails: a node may have died since the description was changed.
Result<> reload_corosync(const config::Cluster& next, Deadline deadline);

}  // namespace pando::initrd
