// SPDX-License-Identifier: GPL-2.0-or-later
#include "cdsl/retire.h"

#include "cdsl/additions.h"
#include "cdsl/beneath.h"
#include "cdsl/layout.h"

#include <algorithm>

namespace pando::cdsl {
namespace {

namespace fs = std::filesystem;
using Kind = Action::Kind;

fs::path tree_of(const std::string& node) { return fs::path(nodes_directory) / node; }

// A root that was never prepared has nothing to retire.
Result<Intent> unchanged(const SharedRoot& shared) {
    Intent intent;
    intent.inventory = TRY(read_inventory(shared.bare())).value_or(Inventory{});
    intent.additions = TRY(read_additions(shared.bare()));
    return intent;
}

bool is_of(const std::vector<Rule>& rules, const std::string& scope) {
    return std::any_of(rules.begin(), rules.end(), [&](const Rule& rule) { return rule.scope == scope; });
}

bool has_rules_of(const Intent& intent, const std::string& scope) {
    return is_of(intent.inventory.rules, scope) || is_of(*intent.additions, scope);
}

Result<bool> has_tree(const SharedRoot& shared, const std::string& node) {
    return TRY(stat_beneath(shared.bare(), tree_of(node))).has_value();
}

}  // namespace

Result<fs::path> free_kept_name(const SharedRoot& shared, const fs::path& path, const std::string& of) {
    for (int number = 1; number < 1000; ++number) {
        const fs::path name = fs::path(kept_directory) / fmt::format("{}.{}.{}", flat_name(path), of, number);
        if (!TRY(stat_beneath(shared.bare(), name))) return name;
    }
    return fail("/{} is full of {}", kept_directory, path.string()).advise("look through it and empty it");
}

Result<Intent> plan_retirement(const SharedRoot& shared, const std::string& node) {
    Intent intent = TRY(unchanged(shared));
    const std::string scope = "node:" + node;
    if (TRY(has_tree(shared, node)))
        intent.actions.push_back({Kind::keep, tree_of(node), TRY(free_kept_name(shared, "/tree", node)), {}});
    if (intent.actions.empty() && !has_rules_of(intent, scope)) return intent;
    std::erase_if(intent.inventory.rules, [&](const Rule& rule) { return rule.scope == scope; });
    std::erase_if(*intent.additions, [&](const Rule& rule) { return rule.scope == scope; });
    intent.actions.push_back({Kind::commit, {}, {}, {}});
    return intent;
}

Result<Intent> plan_renaming(const SharedRoot& shared, const std::string& node, const std::string& name,
                             FreshTree fresh) {
    Intent intent = TRY(unchanged(shared));
    const std::string scope = "node:" + node;
    if (TRY(has_tree(shared, node))) {
        const bool in_the_way = TRY(has_tree(shared, name));
        if (in_the_way && fresh == FreshTree::kept_aside)
            intent.actions.push_back({Kind::keep, tree_of(name), TRY(free_kept_name(shared, "/tree", name)), {}});
        else if (in_the_way)
            return bad_input("{} and {} both have a tree on this root", node, name)
                .advise(fmt::format("pando cdsl repair --retire {} keeps that of no node aside", name));
        intent.actions.push_back({Kind::keep, tree_of(node), tree_of(name), {}});
    }
    if (intent.actions.empty() && !has_rules_of(intent, scope)) return intent;
    for (auto* rules : {&intent.inventory.rules, &*intent.additions})
        for (Rule& rule : *rules)
            if (rule.scope == scope) rule.scope = "node:" + name;
    intent.actions.push_back({Kind::commit, {}, {}, {}});
    return intent;
}

}  // namespace pando::cdsl
