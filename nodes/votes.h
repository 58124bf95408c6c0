// SPDX-License-Identifier: GPL-2.0-or-later
// Votes: every node has one, and every change of how many nodes there are changes how many are needed. A change after
// which those that are up would not have them freezes the cluster at once, and nothing can be changed any more.
#pragma once

#include "nodes/now.h"

#include <string>
#include <vector>

namespace pando::nodes {

// What the cluster has now, and what it would have with these members switched off or rebooting.
struct VotesWithout {
    size_t now = 0, after = 0, needed = 0, expected = 0;
    bool enough() const { return after >= needed; }
    std::string text() const;  // "3 of 3 votes now, 2 after, 2 needed"
};
VotesWithout votes_without(const Now& now, const std::vector<std::string>& off);

// Would those that are up have quorum under this description, which may have more nodes?
Result<> check_quorum_with(const Now& now, const config::Cluster& next);

// Would the members that stay, after `gone` have left for good?
Result<> check_quorum_after(const Now& now, const std::vector<std::string>& gone);

// Would they until then? A node that is switched off counts as long as the description has it.
Result<> check_quorum_while_off(const Now& now, const std::vector<std::string>& off);

}  // namespace pando::nodes
