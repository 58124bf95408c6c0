// SPDX-License-Identifier: GPL-2.0-or-later
// What changed between two texts, as `diff -u` shows it, for a person to look at before it is done.
//
//   fmt::print("{}", unified_diff(before, after, "cluster.yaml"));
#pragma once

#include <string>
#include <string_view>

namespace pando {

// Empty when nothing did. Three lines around each change.
std::string unified_diff(std::string_view before, std::string_view after, std::string_view name);

}  // namespace pando
