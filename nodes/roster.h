// SPDX-License-Identifier: GPL-2.0-or-later
// Nodes as an operator sees them: what the description has, and what runs.
#pragma once

#include "nodes/now.h"

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace pando::nodes {

struct RosterLine {
    std::string name;
    uint32_t id = 0;
    std::string profile;  // empty: none
    std::string address;
    std::string machine;  // serial, else UUID, else MAC: the shortest that tells it
    Life life = Life::silent;
    uint64_t behind = 0;  // generations that its machine is behind; 0 too when nothing runs as it
};

RosterLine roster_line(const Now& now, const config::Node& node);
nlohmann::ordered_json to_json(const RosterLine& line);
// Columns, a line each, with a head.
std::string to_text(const std::vector<RosterLine>& lines);

// Everything about one node. Passwords and their like are left out.
nlohmann::ordered_json node_json(const Now& now, const config::Node& node);

}  // namespace pando::nodes
