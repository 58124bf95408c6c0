// SPDX-License-Identifier: GPL-2.0-or-later
// Commands that change the shared root: under the lock, recorded, and followed by every node.
//
//   return change_root({"apt-get", "upgrade"}, "apt-get upgrade", {{"INITRD", "No"}});
#pragma once

#include "base/result.h"

#include <map>
#include <string>
#include <vector>

namespace pando::cli {

// The status of the command; of a command that did well 1 when a node has not followed.
Result<int> change_root(const std::vector<std::string>& argv, const std::string& shown,
                        const std::map<std::string, std::string>& environment);

// What each node has done of the newest change, and which kernel it runs. True: all have followed, and none runs old
// code.
Result<bool> tell_nodes();

}  // namespace pando::cli
