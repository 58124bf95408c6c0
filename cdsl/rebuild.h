// SPDX-License-Identifier: GPL-2.0-or-later
// The inventory of a root that has lost it, from what is on disk: links that lead through /.pando/local, what the
// template and the nodes' trees hold as content, and what the policy says of those paths.
#pragma once

#include "cdsl/inventory.h"
#include "cdsl/shared_root.h"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace pando::cdsl {

// Content that no rule of the policy names gets a rule of its own, for all nodes, that says where it was found. What
// leaves no trace on disk (tmpfs, shared) is taken from the policy.
Result<Inventory> rebuild_inventory(const SharedRoot& shared, const std::vector<Rule>& policy);

// Content in the nodes' trees and the template that no rule of the inventory names: by path, the trees that have it
// (".template" for the template).
Result<std::map<std::filesystem::path, std::vector<std::string>>> unnamed_content(const SharedRoot& shared,
                                                                                  const Inventory& inventory);

}  // namespace pando::cdsl
