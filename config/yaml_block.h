// SPDX-License-Identifier: GPL-2.0-or-later
// A tree written as YAML for people: blocks, short mappings and lists of words on one line, comments above their keys.
//
//   yaml_block({{"boot", {{"interface", "eno1"}}}}, {{"boot", "blades boot here"}})
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>

namespace pando::config {

// By the path of the key: "boot", "boot.interface". Several lines are several lines of comment.
using YamlComments = std::map<std::string, std::string>;

std::string yaml_block(const nlohmann::ordered_json& mapping, const YamlComments& comments = {});

}  // namespace pando::config
