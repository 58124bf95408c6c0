// SPDX-License-Identifier: GPL-2.0-or-later
#include "cdsl/node_plan.h"

#include "cdsl/beneath.h"
#include "cdsl/layout.h"
#include "cdsl/seed.h"

#include <fcntl.h>
#include <algorithm>
#include <iterator>

namespace pando::cdsl {
namespace fs = std::filesystem;

namespace {

// Of one list what the other has not, in that mode.
std::vector<Rule> only_in(const std::vector<Rule>& some, const std::vector<Rule>& others) {
    std::vector<Rule> rest;
    std::copy_if(some.begin(), some.end(), std::back_inserter(rest), [&](const Rule& rule) {
        return std::none_of(others.begin(), others.end(),
                            [&](const Rule& other) { return other.path == rule.path && other.mode == rule.mode; });
    });
    return rest;
}

// Will the node's tree have content of it? As apply and boot decide: what is not on the root has none, nor has a link
// that stands for nothing.
Result<bool> is_copied(const SharedRoot& shared, const Seeder& seeder, const Rule& rule) {
    if (rule.mode != Mode::bind && rule.mode != Mode::link) return false;
    const bool there = TRY(stat_beneath(shared.bare(), rule.path)).has_value();
    if (rule.when == When::present && !there) return false;
    if (rule.mode == Mode::bind || TRY(seeder.has(template_tree, rule.path))) return true;
    return rule.seed == Seed::empty || TRY(link_state(shared.bare(), rule.path)) == LinkState::other;
}

}  // namespace

Result<NodePlan> node_plan(const SharedRoot& shared, const Inventory& before, const Inventory& after,
                           const config::Node& node) {
    NodePlan plan;
    plan.node = node.name;
    const auto rules = rules_of_node(after.rules, node.name, node.profile);
    const auto now = rules_of_node(before.rules, node.name, node.profile);
    plan.gains = only_in(rules, now);
    plan.loses = only_in(now, rules);
    const auto trees = TRY(shared.trees());
    plan.has_tree = std::find(trees.begin(), trees.end(), node.name) != trees.end();
    if (!plan.has_tree) return plan;
    const auto nodes = TRY(open_beneath(shared.bare(), nodes_directory, O_PATH | O_DIRECTORY));
    const Checkpoint none;
    const Seeder seeder(nodes.get(), workplace, none);
    for (const Rule& rule : rules)
        if (TRY(is_copied(shared, seeder, rule)) && !TRY(seeder.has(node.name, rule.path)))
            plan.copies.push_back(rule.path);
    return plan;
}

}  // namespace pando::cdsl
