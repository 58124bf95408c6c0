// SPDX-License-Identifier: GPL-2.0-or-later
#include "nodes/roster.h"

#include "config/schema.h"
#include "nodes/waiting.h"

#include <algorithm>
#include <array>

namespace pando::nodes {
namespace {

using Json = nlohmann::ordered_json;

std::string short_name(const config::Node& node) {
    if (node.machine.serial) return *node.machine.serial;
    if (node.machine.asset) return *node.machine.asset;
    if (node.machine.uuid) return *node.machine.uuid;
    for (const config::Nic& nic : node.nics)
        if (nic.mac) return *nic.mac;
    return {};
}

Json or_null(const std::optional<std::string>& value) { return value ? Json(*value) : Json(); }

Json machine_json(const config::MachineIdentity& machine) {
    return {{"uuid", or_null(machine.uuid)}, {"serial", or_null(machine.serial)}, {"asset", or_null(machine.asset)}};
}

}  // namespace

RosterLine roster_line(const Now& now, const config::Node& node) {
    RosterLine line;
    line.name = node.name;
    line.id = node.id;
    line.profile = node.profile;
    line.address = node.cluster_address();
    line.machine = short_name(node);
    line.life = now.life_of(node);
    const auto* claim = now.claim_of(node);
    if (claim != nullptr && now.beats(node) && claim->generation < now.bundle.generation)
        line.behind = now.bundle.generation - claim->generation;
    return line;
}

nlohmann::ordered_json to_json(const RosterLine& line) {
    return {{"name", line.name},
            {"id", line.id},
            {"profile", line.profile.empty() ? Json() : Json(line.profile)},
            {"address", line.address},
            {"machine", line.machine},
            {"state", name_of(line.life)},
            {"generations_behind", line.behind}};
}

std::string to_text(const std::vector<RosterLine>& lines) {
    std::vector<std::array<std::string, 6>> rows = {{"NODE", "ID", "PROFILE", "ADDRESS", "MACHINE", "STATE"}};
    for (const RosterLine& line : lines) {
        std::string state(name_of(line.life));
        if (line.behind > 0) state += fmt::format(", {} generation{} behind", line.behind, line.behind == 1 ? "" : "s");
        rows.push_back({line.name, std::to_string(line.id), line.profile.empty() ? "-" : line.profile, line.address,
                        line.machine, state});
    }
    std::array<size_t, 5> widths{};
    for (const auto& row : rows)
        for (size_t i = 0; i < widths.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    std::string out;
    for (const auto& row : rows) {
        for (size_t i = 0; i < widths.size(); ++i) out += fmt::format("{:<{}}  ", row[i], widths[i]);
        out += row.back() + "\n";
    }
    return out;
}

nlohmann::ordered_json node_json(const Now& now, const config::Node& node) {
    Json json = to_json(roster_line(now, node));
    json["machine"] = machine_json(node.machine);
    json["nics"] = Json::array();
    for (const config::Nic& nic : node.nics)
        json["nics"].push_back({{"name", nic.name}, {"mac", or_null(nic.mac)}, {"addresses", nic.addresses}});
    json["fence"] = Json::array();
    for (const config::FenceDevice& device : node.fence) {
        Json options = Json::object();
        for (const auto& [option, value] : device.options)
            options[option] = config::is_secret(option) ? "(set)" : value;
        json["fence"].push_back({{"name", device.name}, {"agent", device.agent}, {"options", options}});
    }
    const auto* claim = now.claim_of(node);
    json["claim"] = nullptr;
    if (claim != nullptr)
        json["claim"] = {{"machine", describe(claim->machine)},
                         {"boot", claim->boot},
                         {"beating", now.beats(node)},
                         {"generation", claim->generation}};
    json["generation"] = now.bundle.generation;
    return json;
}

}  // namespace pando::nodes
