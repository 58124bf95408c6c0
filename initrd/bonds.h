// SPDX-License-Identifier: GPL-2.0-or-later
// Is every port of this node's bonds in use? A bond hides a dead port, a cable in the wrong switch or a switch that was
// never told of LACP, until the last port fails as well.
//
//   for (const std::string& trouble : check_bonds(root, node)) log::warning("{}", trouble);
#pragma once

#include "base/sysroot.h"
#include "config/cluster.h"

#include <string>
#include <vector>

namespace pando::initrd {

// A line for each port without a link, and for each bond by LACP whose partner has not answered, or has taken fewer
// ports than have a link. A bond that the kernel does not have is told by others. From /sys/class/net.
std::vector<std::string> check_bonds(const Sysroot& root, const config::Node& self);

}  // namespace pando::initrd
