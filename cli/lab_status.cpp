// SPDX-License-Identifier: GPL-2.0-or-later
// pando lab status: the nodes of a lab, as their BMCs, consoles and ssh ports tell.
#include "cli/command.h"
#include "cli/lab_options.h"
#include "cli/lab_table.h"

#include <fmt/format.h>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

namespace pando::cli {

namespace {

struct StatusOptions {
    LabChoice choice;
    bool json = false;
};

const char* power_word(const lab::NodeStatus& node) { return node.power ? lab::to_string(*node.power) : "?"; }

std::string as_json(const std::vector<lab::NodeStatus>& nodes) {
    auto list = nlohmann::ordered_json::array();
    for (const auto& node : nodes)
        list.push_back({{"node", node.name},
                        {"address", node.address},
                        {"bmc", node.bmc},
                        {"power", node.power ? nlohmann::ordered_json(lab::to_string(*node.power)) : nullptr},
                        {"ssh", node.ssh},
                        {"console", node.console}});
    // A console may say anything, also what is not UTF-8.
    return list.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace

void print_lab_table(const std::vector<lab::NodeStatus>& nodes) {
    constexpr size_t console_width = 60;
    size_t width = 4;
    for (const auto& node : nodes) width = std::max(width, node.name.size());
    fmt::print("{:{}}  {:15}  {:15}  {:5}  {:3}  {}\n", "NODE", width, "ADDRESS", "BMC", "POWER", "SSH", "CONSOLE");
    for (const auto& node : nodes)
        fmt::print("{:{}}  {:15}  {:15}  {:5}  {:3}  {}\n", node.name, width, node.address, node.bmc, power_word(node),
                   node.ssh ? "yes" : "no", node.console.substr(0, console_width));
}

Action declare_lab_status(CLI::App& app) {
    auto options = std::make_shared<StatusOptions>();
    options->choice.declare(app);
    app.add_flag("--json", options->json, "for programs");
    return [options]() -> Result<int> {
        const auto nodes = TRY(options->choice.open()).status();
        if (options->json)
            fmt::print("{}\n", as_json(nodes));
        else
            print_lab_table(nodes);
        return 0;
    };
}

}  // namespace pando::cli
