// SPDX-License-Identifier: GPL-2.0-or-later
// Making one path context-dependent and making it every node's again, as intents that Change carries out.
//
//   const Intent intent = TRY(plan_creation(shared, cluster, {.rule = rule}));
//   for (const Action& action : intent.actions) fmt::print("{}\n", text_of(action));
#pragma once

#include "cdsl/journal.h"
#include "cdsl/shared_root.h"

#include <filesystem>
#include <string>
#include <vector>

namespace pando::cdsl {

constexpr const char* keep_template = "template";
constexpr const char* keep_shared = "shared";

struct Creation {
    Rule rule;         // without `declared`
    std::string keep;  // mode shared: the node, "template" or "shared" whose content becomes everybody's
};

// Without actions when it is so already. Refuses what policy refuses, what is declared otherwise, symlinks in the way,
// and paths on another filesystem. Errors of the caller's making are of kind bad_input. `cluster` has the rules that
// are meant for this root or filesystem, as paths on it (cluster_on).
Result<Intent> plan_creation(const SharedRoot& shared, const config::Cluster& cluster, const Creation& wanted);

struct Deletion {
    std::filesystem::path path;
    std::string keep;                  // the node, "template" or "shared" whose content becomes everybody's
    std::vector<std::string> destroy;  // whose content is not kept: nodes, "template", "shared", or the path: all
};

// Refuses what the built-in policy or cluster.yaml declares, but for what is on disk in another way than declared.
Result<Intent> plan_deletion(const SharedRoot& shared, const config::Cluster& cluster, const Deletion& wanted);

}  // namespace pando::cdsl
