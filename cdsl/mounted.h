// SPDX-License-Identifier: GPL-2.0-or-later
// Is a rule's mount there on the node we run on? The kernel is asked, not a list.
#pragma once

#include "base/result.h"
#include "cdsl/survey.h"

#include <string>

namespace pando::cdsl {

enum class Mounted { nothing, ours, other };

// Of a rule of mode bind, tmpfs or shared. A path that cannot be opened is an Error (its `sys` says ENOENT or so).
Result<Mounted> mounted(const Survey& survey, const std::string& node, const Rule& rule);

}  // namespace pando::cdsl
