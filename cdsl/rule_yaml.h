// SPDX-License-Identifier: GPL-2.0-or-later
// One rule as a YAML map, the same in every file of /.pando that has rules.
#pragma once

#include "cdsl/policy.h"

#include <yaml-cpp/yaml.h>
#include <string>
#include <string_view>

namespace pando::cdsl {

// The value of a key that must be there; errors name the line.
Result<std::string> required_scalar(const YAML::Node& map, const char* key);

// Refuses keys that are not `known`.
Result<> check_keys(const YAML::Node& map, const std::vector<std::string_view>& known);

// Only path and mode must be there; the others have the defaults of a rule of that mode. Errors are of kind bad_input.
Result<Rule> rule_from_yaml(const YAML::Node& entry);

void write_rule(YAML::Emitter& out, const Rule& rule);

}  // namespace pando::cdsl
