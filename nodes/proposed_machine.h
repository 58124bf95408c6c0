// SPDX-License-Identifier: GPL-2.0-or-later
// What of a machine's inventory goes into the description of its node. The inventory may be a file from anywhere:
// whatever is missing in it, or of another kind, is as if it were not told.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace pando::nodes {

// machine: of the node: its UUID, else its serial number; nothing when the firmware has only placeholders.
nlohmann::ordered_json machine_identity(const nlohmann::ordered_json& inventory);

struct MachineNics {
    std::string chosen;               // MAC; empty: none can be told from the others, or none is there
    std::vector<std::string> others;  // "eno2 24:6e:96:aa:00:02"
};
// The port that `interface` names, else the one the machine was booted by, else the only one with a link, else the only
// one.
MachineNics machine_nics(const nlohmann::ordered_json& inventory, std::string_view interface);

// Kernel modules of its NICs and of its ways to remote disks.
nlohmann::ordered_json machine_drivers(const nlohmann::ordered_json& inventory);

// Of its BMC, where the firmware tells one that other machines reach.
std::string machine_bmc(const nlohmann::ordered_json& inventory);

std::string machine_name(const nlohmann::ordered_json& inventory);  // "Dell Inc. PowerEdge R640"

}  // namespace pando::nodes
