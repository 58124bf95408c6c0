// SPDX-License-Identifier: GPL-2.0-or-later
// What firmware says of a field that nobody filled in: texts and UUIDs that many machines share. None of them may
// decide which node a machine is, and no description may bind a node to one.
//
//   if (is_placeholder("To be filled by O.E.M.")) …
#pragma once

#include <string_view>

namespace pando::config {

// Is this what a maker leaves in a field that is not filled in? True for an empty text too.
bool is_placeholder(std::string_view text);

}  // namespace pando::config
