// SPDX-License-Identifier: GPL-2.0-or-later
// What applying a policy means for one node: its share of a plan, as far as it can be told from the shared root.
//
//   const auto share = TRY(node_plan(shared, before, inventory_for(policy, before), node));
#pragma once

#include "cdsl/inventory.h"
#include "cdsl/shared_root.h"
#include "config/cluster.h"

#include <filesystem>
#include <string>
#include <vector>

namespace pando::cdsl {

struct NodePlan {
    std::string node;
    bool has_tree = true;                       // without: it gets all from the template, at its first boot
    std::vector<std::filesystem::path> copies;  // that its tree does not have yet
    std::vector<Rule> gains;                    // that hold for it then and do not now
    std::vector<Rule> loses;                    // the other way round

    bool empty() const { return has_tree && copies.empty() && gains.empty() && loses.empty(); }
};

Result<NodePlan> node_plan(const SharedRoot& shared, const Inventory& before, const Inventory& after,
                           const config::Node& node);

}  // namespace pando::cdsl
