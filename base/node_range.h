// SPDX-License-Identifier: GPL-2.0-or-later
// Several nodes in one word, as cluster tools write them.
//
//   node_range("n[1-3],spare")          n1 n2 n3 spare
//   node_range("rack2-n[01-12,20]")     rack2-n01 … rack2-n12 rack2-n20
#pragma once

#include "base/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace pando {

constexpr size_t node_range_limit = 1024;  // names; far above what a cluster can have

// Each name once, in the order written. Leading zeros of a first number give all of its range that width.
// Errors are of kind bad_input.
Result<std::vector<std::string>> node_range(std::string_view text);

// The other way round, for a person: "n[1-3,7],spare". Each name once; numbers of one head and width in their order.
std::string folded(const std::vector<std::string>& names);

}  // namespace pando
