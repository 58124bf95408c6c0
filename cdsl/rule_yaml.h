// SPDX-License-Identifier: GPL-2.0-or-later
// One rule as a YAML map, the same in every file of /.pando that has rules.
#pragma once

#include "cdsl/flat_yaml.h"
#include "cdsl/policy.h"

#include <yaml-cpp/emitter.h>
#include <string>
#include <string_view>

namespace pando::cdsl {

// The value of a key that must be there; errors name the line.
Result<std::string> required_scalar(const FlatMap& map, const char* key);

// Refuses keys that are not `known`: of a map, and of a whole document with its lists.
Result<> check_keys(const FlatMap& map, const std::vector<std::string_view>& known);
Result<> check_keys(const FlatDocument& document, const std::vector<std::string_view>& known);

// Only path and mode must be there; the others have the defaults of a rule of that mode. Errors are of kind bad_input.
Result<Rule> rule_from_yaml(const FlatMap& entry);

void write_rule(YAML::Emitter& out, const Rule& rule);

}  // namespace pando::cdsl
