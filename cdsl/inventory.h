// SPDX-License-Identifier: GPL-2.0-or-later
// /.pando/cdsl.yaml: what is on disk. A boot maps what is in it; policy says what shall be. Written whole, under the
// lock of changes, at the end of every change.
//
//   const auto inventory = TRY(cdsl::read_inventory(root));           // nothing: the root was not prepared
//   const auto mine = cdsl::rules_of_node(inventory->rules, "n1", "compute");
#pragma once

#include "cdsl/policy.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pando::cdsl {

constexpr int inventory_version = 2;
constexpr size_t inventory_limit = 4U << 20U;  // bytes

struct Inventory {
    std::vector<Rule> rules;                         // of all nodes: one for every path and scope, by path
    std::vector<std::filesystem::path> filesystems;  // mount points below the root with an inventory of their own
    std::filesystem::path below;                     // of such a filesystem: its mount point; empty: this is the root

    bool operator==(const Inventory&) const = default;
};

std::string inventory_text(const Inventory& inventory);

// Did a newer Pando write it? Then this one must not overwrite it.
bool is_newer_inventory(std::string_view text);

// Refuses a newer version, unknown keys and paths that policy would refuse. Errors are of kind bad_input.
Result<Inventory> parse_inventory(std::string_view text);

// Rules of the inventory that no policy has any more. They are kept and mapped until somebody says what becomes of
// their content (pando cdsl delete). Not among them: what a rule around it has made needless.
std::vector<Rule> leftovers(const std::vector<Rule>& policy, const Inventory& inventory);

// What the inventory will be when the policy was applied.
Inventory inventory_for(const std::vector<Rule>& policy, const Inventory& before);

// The cluster with those of its rules that are meant for the inventory's filesystem, as paths there: what lies on
// another one is not the root's, and a filesystem has what lies below its mount point.
config::Cluster cluster_on(const config::Cluster& cluster, const Inventory& inventory);

// The built-in policy is a root's; a filesystem below it has none.
const std::vector<Rule>& builtin_on(const Inventory& inventory);

// That of the root held by the descriptor; nothing when it has none.
Result<std::optional<Inventory>> read_inventory(int root);
Result<std::optional<Inventory>> read_inventory_of(const std::filesystem::path& root);

}  // namespace pando::cdsl
