// SPDX-License-Identifier: GPL-2.0-or-later
// /.pando/cdsl.yaml: which rules the root was prepared for. Written whole by prepare(), read by people and tools.
#pragma once

#include "cdsl/policy.h"

#include <string>
#include <string_view>
#include <vector>

namespace pando::cdsl {

constexpr int inventory_version = 1;
constexpr size_t inventory_limit = 4U << 20U;  // bytes

std::string inventory_text(const std::vector<Rule>& rules);

// Did a newer Pando write it? Then this one must not overwrite it.
bool is_newer_inventory(std::string_view text);

// Refuses a newer version, unknown keys and paths that policy would refuse. Errors are of kind bad_input.
Result<std::vector<Rule>> parse_inventory(std::string_view text);

}  // namespace pando::cdsl
