// SPDX-License-Identifier: GPL-2.0-or-later
// pando node on: nodes that are off are switched on by their fence devices.
#include "base/log.h"
#include "base/node_range.h"
#include "cli/command.h"
#include "cli/node_change.h"
#include "cli/node_choice.h"

#include <memory>

namespace pando::cli {
namespace {

constexpr Milliseconds ask_patience{30000};

// Whether it was off and is on now.
Result<bool> switch_on(const nodes::Now& now, const nodes::Means& means, const std::string& name) {
    const config::Node& node = *TRY(nodes::node_of(now, name));
    if (now.is_member(node)) {
        fmt::print("{}: is up\n", name);
        return false;
    }
    const auto proof = nodes::ask_whether_off(node, means.agents, Deadline::after(ask_patience));
    if (proof.verdict == nodes::Verdict::on) {
        fmt::print("{}: its machine is on already ({}); pando status tells how far its boot is\n", name, proof.text());
        return false;
    }
    TRY(nodes::switch_on(node, means.agents));
    fmt::print("{}: is on, and boots\n", name);
    return true;
}

}  // namespace

Action declare_node_on(CLI::App& app) {
    auto choice = std::make_shared<NodeChoice>();
    choice->declare(app);
    return [choice]() -> Result<int> {
        const auto cluster = TRY(read_cluster_now());
        const auto means = TRY(nodes::means_of_this_node(*cluster.store));
        int status = 0;
        for (const std::string& name : TRY(choice->of(cluster.now.cluster))) {
            const auto on = switch_on(cluster.now, means, name);
            if (on) continue;
            log::write(on.error());
            status = 1;
        }
        return status;
    };
}

}  // namespace pando::cli
