// SPDX-License-Identifier: GPL-2.0-or-later
// pando node remove: nodes that the cluster shall forget.
#include "base/log.h"
#include "base/node_range.h"
#include "cli/command.h"
#include "cli/node_change.h"

#include <memory>

namespace pando::cli {
namespace {

struct RemoveOptions {
    std::string range;
    bool stop = false;
    std::string confirm_off;
    NodeChangeOptions change;
};

constexpr Milliseconds ask_limit{30000};

Result<nodes::Change> plan(const RemoveOptions& options, nodes::Removal wanted, const nodes::Now& now,
                           const nodes::Means& means) {
    wanted.nodes = TRY(node_range(options.range));
    std::map<std::string, nodes::Proof> proofs;
    for (const std::string& name : wanted.nodes)
        if (const config::Node* node = now.cluster.find_node(name))
            proofs[name] = nodes::ask_whether_off(*node, means.agents, Deadline::after(ask_limit));
    if (!options.confirm_off.empty())
        log::warning("that the machine is off is the operator's word: {}", options.confirm_off);
    return nodes::plan_removal(now, means, wanted, proofs);
}

}  // namespace

Action declare_node_remove(CLI::App& app) {
    auto options = std::make_shared<RemoveOptions>();
    app.add_option("NODE", options->range, "which: n4 or n[4-7]")->required();
    app.add_flag("--stop", options->stop, "one that is up is switched off by its fence device, as it is");
    app.add_option("--confirm-off", options->confirm_off,
                   "its machine is off, on your word, when no fence device can tell");
    add_options(app, options->change);
    return [options] {
        // One for both looks, which share what was stopped.
        const nodes::Removal wanted{{}, options->stop, options->confirm_off};
        return change_nodes(options->change, [&](const nodes::Now& now, const nodes::Means& means) {
            return plan(*options, wanted, now, means);
        });
    };
}

}  // namespace pando::cli
