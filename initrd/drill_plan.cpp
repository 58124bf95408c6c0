// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/drill_plan.h"

#include <nlohmann/json.hpp>

namespace pando::initrd {

std::string DrillPlan::to_json() const {
    auto asked = nlohmann::json::array();
    for (const auto& device : devices)
        asked.push_back(
            {{"node", device.node}, {"name", device.name}, {"agent", device.agent}, {"input", device.input}});
    const nlohmann::json document = {{"node", node},
                                     {"map", map},
                                     {"seconds", seconds},
                                     {"members", members},
                                     {"json", json},
                                     {"witness", {witness_commands, witness_answers}},
                                     {"devices", std::move(asked)}};
    return document.dump();
}

Result<DrillPlan> DrillPlan::from_json(const std::string& json) {
    try {
        const auto document = nlohmann::json::parse(json);
        DrillPlan plan;
        document.at("node").get_to(plan.node);
        document.at("map").get_to(plan.map);
        document.at("seconds").get_to(plan.seconds);
        document.at("members").get_to(plan.members);
        document.at("json").get_to(plan.json);
        document.at("witness").at(0).get_to(plan.witness_commands);
        document.at("witness").at(1).get_to(plan.witness_answers);
        for (const auto& device : document.at("devices"))
            plan.devices.push_back({device.at("node"), device.at("name"), device.at("agent"), device.at("input")});
        return plan;
    } catch (const nlohmann::json::exception& error) {
        // Without the text: it may hold a password.
        return bad_input("this is no plan of a drill (error {} of its JSON)", error.id)
            .advise("pando chroot drill makes the plan and starts this");
    }
}

}  // namespace pando::initrd
