// SPDX-License-Identifier: GPL-2.0-or-later
// What stands on the shared root where a rule wants its link: check, explain, list and show say the same of it.
#pragma once

#include "base/result.h"
#include "cdsl/survey.h"

#include <string_view>

namespace pando::cdsl {

enum class Linked {
    ours,
    replaced,    // a program put something else in the link's place
    late,        // something that came after the rule was applied: apply makes it each node's own
    missing,     // the link was made, and is gone
    not_present  // the rule is for what may not be installed, and the root never had it: no link is wanted
};

std::string_view name_of(Linked linked);  // "link replaced", for list and show

// A link that was made has left what it stood for in the template. What a node's own tree has says nothing: programs
// that know /.pando/local make files there, as pando-hostkeys.service does, with or without a link on the root.
// A directory in the link's place is an Error.
Result<Linked> linked(const Survey& survey, const Rule& rule);

// Only the second half, for who knows already that `there` is something, or nothing.
Result<Linked> linked_not(const Survey& survey, const Rule& rule, bool there);

}  // namespace pando::cdsl
