// SPDX-License-Identifier: GPL-2.0-or-later
// What lies on the shared root under a bind is seen by no node. When it changes all the same (a root that was mounted
// without Pando, a program that ran before the mount), somebody wrote for nobody.
#pragma once

#include "base/result.h"
#include "cdsl/rule_tree.h"

#include <filesystem>
#include <vector>

namespace pando::cdsl {

constexpr size_t shadow_limit = 20;  // paths that are looked for; one is enough to know

// Paths under the mount of `rule`, as on the shared root, that are newer than what the template has of them. The
// template's copies carry the times of what they were copied from, so its own changes do not count, and an archive that
// restores times does no harm. Where the rule starts empty only the directory itself is compared.
//
// `directory`: the shared one, open for reading. `below`: the rules in it, whose own places are left out.
Result<std::vector<std::filesystem::path>> changed_below(int directory, int template_tree, const Rule& rule,
                                                         const RuleTree& below);

}  // namespace pando::cdsl
