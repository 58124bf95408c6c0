// SPDX-License-Identifier: GPL-2.0-or-later
// Does the disk say what the policy says? Reads only, changes nothing, and looks at no content: its cost follows the
// number of rules and nodes, not of files (but for what lies under a bind, which is compared with the template).
//
//   const auto checked = TRY(check(survey, survey.nodes(), {}));
//   for (const Finding& finding : checked.findings) …
#pragma once

#include "base/result.h"
#include "cdsl/survey.h"

#include <string>
#include <string_view>
#include <vector>

namespace pando::cdsl {

enum class Drift {
    link_replaced,    // a program that writes by rename put a file where the link was
    link_missing,     // the path of a link, or all of it, is gone
    not_applied,      // the policy has a rule that was not applied to this root yet
    not_in_policy,    // the inventory has a rule that the policy no longer has
    refused,          // what apply must not do by itself: content of nodes would be out of sight
    wrong_type,       // a file where a directory belongs, or the other way round, or a symlink in the way
    no_tree,          // a node of the description has no tree
    no_copy,          // a tree lacks its copy
    half_copy,        // a copy was begun and not finished
    unnamed,          // content in a tree, or a link on the root, that no rule names
    removed_node,     // the tree of a node that the description no longer has
    shadowed,         // what lies under a bind changed since the template was made: no node sees it
    not_mounted,      // on this node: the rule holds and its mount is missing
    other_mount,      // on this node: something else is mounted there
    interrupted,      // a change was begun and not finished
    kept_aside,       // files that stood where a link belongs
    inventory_unread  // the inventory is missing, damaged, or of a newer version
};

std::string_view name_of(Drift drift);

struct Finding {
    Drift drift;
    bool counts = true;  // false: worth a line, no difference between policy and disk
    std::filesystem::path path;
    std::string node;    // empty: it is about the shared root, thus about all
    std::string text;    // without path and node
    std::string advice;  // empty when there is nothing to do
};

struct Checked {
    std::vector<Finding> findings;  // the shared root first, then by node
    size_t rules = 0;               // of the shared root
    size_t trees = 0;               // looked at, with the template
    size_t drifts() const;          // findings that count
};

struct CheckOptions {
    bool whole_root = false;  // also walk all of the shared root for links into /.pando that no rule names
};

// `nodes`: whose trees are looked at; the shared root and the template always are.
Result<Checked> check(const Survey& survey, const std::vector<std::string>& nodes, const CheckOptions& options);

}  // namespace pando::cdsl
