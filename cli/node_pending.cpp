// SPDX-License-Identifier: GPL-2.0-or-later
// pando node pending: the machines that wait at their consoles to become a node.
#include "cli/command.h"
#include "cli/node_change.h"
#include "nodes/waiting.h"

#include <poll.h>
#include <memory>

namespace pando::cli {
namespace {

struct PendingOptions {
    bool json = false;
    unsigned watch = 0;  // seconds; 0: once
};

nlohmann::ordered_json json_of(const nodes::Now& now) {
    auto list = nlohmann::ordered_json::array();
    for (const config::Pending& one : now.waiting) {
        const auto& id = one.machine.identity;
        list.push_back({{"uuid", id.uuid ? nlohmann::ordered_json(*id.uuid) : nullptr},
                        {"serial", id.serial ? nlohmann::ordered_json(*id.serial) : nullptr},
                        {"asset", id.asset ? nlohmann::ordered_json(*id.asset) : nullptr},
                        {"vendor", one.machine.vendor},
                        {"product", one.machine.product},
                        {"macs", one.machine.macs},
                        {"address", one.machine.address},
                        {"waited_s", one.waited},
                        {"left_s", one.left},
                        {"resembles", nodes::resemblances(one.machine, now.cluster)}});
    }
    return list;
}

void print(const nodes::Now& now) {
    if (now.waiting.empty()) fmt::print("no machine waits\n");
    for (size_t i = 0; i < now.waiting.size(); ++i) {
        const config::Pending& one = now.waiting[i];
        fmt::print("{}: {}\n   waits since {} s, for another {} s\n", i + 1, nodes::describe(one.machine), one.waited,
                   one.left);
        for (const std::string& line : nodes::resemblances(one.machine, now.cluster)) fmt::print("   {}\n", line);
    }
    std::fflush(stdout);
}

Result<int> pending(const PendingOptions& options) {
    for (;;) {
        const auto cluster = TRY(read_cluster_now());
        if (options.json)
            fmt::print("{}\n", json_of(cluster.now).dump(2));
        else
            print(cluster.now);
        if (options.watch == 0) return 0;
        std::fflush(stdout);
        (void)poll(nullptr, 0, static_cast<int>(options.watch) * 1000);  // until somebody ends the command
    }
}

}  // namespace

Action declare_node_pending(CLI::App& app) {
    auto options = std::make_shared<PendingOptions>();
    app.add_flag("--json", options->json, "for programs");
    app.add_option("--watch", options->watch, "look again every so many seconds, until the command is ended")
        ->check(CLI::Range(1, 3600));
    return [options] { return pending(*options); };
}

}  // namespace pando::cli
