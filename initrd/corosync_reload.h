// SPDX-License-Identifier: GPL-2.0-or-later
// corosync's node list as the running daemons have it, and how they are made to read a newer one.
#pragma once

#include "base/deadline.h"
#include "base/result.h"
#include "config/cluster.h"

#include <string>
#include <string_view>

namespace pando::initrd {

// Does the running corosync go by this description's node list and timings? `cmap` is what corosync-cmapctl says.
bool goes_by(const config::Cluster& cluster, std::string_view cmap);

// What corosync-cmapctl says on this node.
Result<std::string> read_cmap(Deadline deadline);

// One node's word is enough: all members read their corosync.conf anew.
Result<> reload_corosync(Deadline deadline);

}  // namespace pando::initrd
