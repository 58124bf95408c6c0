// SPDX-License-Identifier: GPL-2.0-or-later
// The paths of many rules as a tree of names, to be walked beside directories.
#pragma once

#include "cdsl/policy.h"

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace pando::cdsl {

struct TextHash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

struct RuleTree {
    const Rule* rule = nullptr;  // null: only above other rules
    std::unordered_map<std::string, RuleTree, TextHash, std::equal_to<>> children;

    const RuleTree* child(std::string_view name) const {
        const auto at = children.find(name);
        return at == children.end() ? nullptr : &at->second;
    }
    // The rules must outlive the tree.
    static RuleTree of(const std::vector<Rule>& rules) {
        RuleTree top;
        for (const Rule& rule : rules) {
            RuleTree* at = &top;
            for (const auto& name : rule.path.relative_path()) at = &at->children[name.native()];
            at->rule = &rule;
        }
        return top;
    }
};

}  // namespace pando::cdsl
