// SPDX-License-Identifier: GPL-2.0-or-later
// Passwords in what is shown: a diff of cluster.yaml ends in terminals, logs and tickets.
//
//   const auto [shown_before, shown_after] = without_secrets(before, after);
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace pando::nodes {

// Is it an option whose value nobody should read over a shoulder?
bool is_secret(std::string_view option);

// Both texts of cluster.yaml with "(secret 1)" and so on in place of values of such keys: equal values have equal
// numbers, so that a diff still shows that one changed.
std::pair<std::string, std::string> without_secrets(std::string_view before, std::string_view after);

}  // namespace pando::nodes
