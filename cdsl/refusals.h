// SPDX-License-Identifier: GPL-2.0-or-later
// Rules that apply must not put on disk by itself: they would take content out of the sight of the nodes that have it.
// A path that was bind and shall be tmpfs, one that was every node's own and shall be n1's only: the copies would stay
// in the trees, and nobody would see them or hear of it. Such a path stays as it is on disk until its content was
// settled with `pando cdsl delete`; the rest of the policy is applied.
//
//   const auto settled = TRY(settle(shared, cluster, policy, inventory));
//   prepare(root, settled.policy); for (const Refusal& refusal : settled.refused) …
#pragma once

#include "base/result.h"
#include "cdsl/inventory.h"
#include "cdsl/policy.h"
#include "cdsl/shared_root.h"
#include "config/cluster.h"

#include <filesystem>
#include <set>
#include <string>
#include <vector>

namespace pando::cdsl {

struct Refusal {
    std::filesystem::path path;              // whose rule is refused
    std::vector<Rule> on_disk;               // at that path; none: the rule is new, and would hide what lies below it
    std::vector<Rule> wanted;                // by the policy
    std::set<std::filesystem::path> hidden;  // whose content would be out of sight: the path itself, or below it
    std::set<std::string> trees;             // that have such content; the template is one

    std::string text() const;  // without the path
    // The words that settle it. `below`: of the inventory, for commands name paths as a node sees them.
    std::string advice(const std::filesystem::path& below) const;
};

struct Settled {
    std::vector<Rule> policy;      // as it may be applied: refused paths have the rules that are on disk
    std::vector<Refusal> refused;  // by path
};

// `policy`: the rules of all nodes (policy_for_root); `cluster`: whose nodes have which profile. A rule on disk has
// nothing to lose when it is tmpfs, or when no tree of a node that would lose it, nor the template, has content of it.
Result<Settled> settle(const SharedRoot& shared, const config::Cluster& cluster, const std::vector<Rule>& policy,
                       const Inventory& before);

// "bind for all, tmpfs for node:n2": rules of one path in words.
std::string modes_and_scopes(const std::vector<Rule>& rules);

// Do both lists have the same modes and scopes for the path?
bool same_modes_and_scopes(const std::vector<Rule>& some, const std::vector<Rule>& others,
                           const std::filesystem::path& path);

}  // namespace pando::cdsl
