// SPDX-License-Identifier: GPL-2.0-or-later
// Trees of nodes that are no more, or have another name. Both as intents that Change carries out: power may go between
// any two steps, and the next change or boot completes them.
//
//   const auto change = TRY(Change::begin(root, {"n1", "pando node remove n4"}));
//   TRY(change.carry_out(TRY(plan_retirement(change.shared(), "n4"))));
#pragma once

#include "cdsl/journal.h"
#include "cdsl/shared_root.h"

#include <string>

namespace pando::cdsl {

// A name in /.pando/kept that nothing has yet, for what is kept of `path` of a tree.
Result<std::filesystem::path> free_kept_name(const SharedRoot& shared, const std::filesystem::path& path,
                                             const std::string& of);

// The tree goes to /.pando/kept, and the rules of scope node:NODE go. Without actions when there is neither.
Result<Intent> plan_retirement(const SharedRoot& shared, const std::string& node);

// The tree and the rules of scope node:NODE get the new name. Refused when that has a tree already.
// `fresh`: what becomes of a tree that is there by the new name already. A node that booted by it before the rename was
// completed has got one.
enum class FreshTree { refused, kept_aside };
Result<Intent> plan_renaming(const SharedRoot& shared, const std::string& node, const std::string& name,
                             FreshTree fresh = FreshTree::refused);

}  // namespace pando::cdsl
