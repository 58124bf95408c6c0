// SPDX-License-Identifier: GPL-2.0-or-later
// Votes: every node has one, and every change of how many nodes there are changes how many are needed. A change after
// which those that are up would not have them freezes the cluster at once, and nothing can be changed any more.
#pragma once

#include "nodes/now.h"

#include <string>
#include <vector>

namespace pando::nodes {

// Would those that are up have quorum under this description, which may have more nodes?
Result<> check_quorum_with(const Now& now, const config::Cluster& next);

// Would the members that stay, after `gone` have left for good?
Result<> check_quorum_after(const Now& now, const std::vector<std::string>& gone);

// Would they until then? A node that is switched off counts as long as the description has it.
Result<> check_quorum_while_off(const Now& now, const std::vector<std::string>& off);

}  // namespace pando::nodes
