// SPDX-License-Identifier: GPL-2.0-or-later
// Nodes that are stopped or rebooted in order: who of those named, in which order, and what becomes of the votes.
//
//   const StopPlan plan = TRY(plan_stop(now, {.nodes = {"n1", "n2"}, .here = "n1", .rolling = true}));
//   for (const auto& batch : plan.batches) …
#pragma once

#include "nodes/now.h"
#include "nodes/votes.h"
#include "report/snapshot.h"

#include <string>
#include <vector>

namespace pando::nodes {

struct Stop {
    std::vector<std::string> nodes;  // those named; each is one of the description
    std::string here;                // the node that the command is given on
    bool reboot = true;              // else they stay off
    bool rolling = false;            // one after the other, each back before the next
    bool lose_quorum = false;        // the operator's word that the rest may freeze
};

struct StopPlan {
    std::vector<std::vector<std::string>> batches;  // this node in the last one
    std::vector<std::string> not_up;                // of those named: nothing is done to them
    VotesWithout votes;                             // while the largest batch is away
};

// Refused: a stop that takes the quorum from those that stay, unless told; a reboot of a node that is not up.
Result<StopPlan> plan_stop(const Now& now, const Stop& stop);

// Has a node come back that was told to reboot at `ordered` (since this machine's kernel started)? It is well, and its
// kernel started after that. Nothing yet: why not, in words.
struct Back {
    bool is = false;
    std::string says;
};
Back is_back(const report::Snapshot& snapshot, const std::string& node, Milliseconds ordered, Milliseconds up,
             const std::string& boot);

}  // namespace pando::nodes
