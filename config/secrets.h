// SPDX-License-Identifier: GPL-2.0-or-later
// Passwords in what is shown: a diff of cluster.yaml, and the line that a complaint quotes, end in terminals, logs and
// tickets. Which keys are secret, config/schema.h says (is_secret).
//
//   const auto [shown_before, shown_after] = without_secrets(before, after);
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pando::config {

// Bytes of a text.
struct Span {
    size_t begin = 0, end = 0;
};

// The values of secret keys in a text of cluster.yaml, which may be no right YAML: rather too much than too little.
std::vector<Span> secret_spans(std::string_view yaml);

// Both texts of cluster.yaml with "(secret 1)" and so on in place of values of such keys: equal values have equal
// numbers, so that a diff still shows that one changed.
std::pair<std::string, std::string> without_secrets(std::string_view before, std::string_view after);

}  // namespace pando::config
