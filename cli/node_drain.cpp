// SPDX-License-Identifier: GPL-2.0-or-later
// pando node drain: the site's own hooks, before a node is stopped; and after it is back.
#include "cli/command.h"
#include "cli/node_change.h"
#include "cli/node_power.h"

#include <memory>

namespace pando::cli {

Action declare_node_drain(CLI::App& app) {
    struct Options {
        NodeChoice choice;
        bool undo = false;
        unsigned minutes = 20;
    };
    auto options = std::make_shared<Options>();
    options->choice.declare(app);
    app.add_flag("--undo", options->undo, "those in undrain.d: take work again");
    app.add_option("--timeout", options->minutes, "minutes for all hooks of a node")
        ->capture_default_str()
        ->check(CLI::Range(1U, 1440U));
    return [options]() -> Result<int> {
        const auto cluster = TRY(read_cluster_now());
        const auto means = TRY(nodes::means_of_this_node(*cluster.store));
        const auto remote = TRY(nodes::Remote::of_this_node(cluster.now.bundle, means.here));
        const auto names = TRY(options->choice.of(cluster.now.cluster));
        TRY(drain(remote, names, options->undo, std::chrono::minutes(options->minutes)));
        return 0;
    };
}

}  // namespace pando::cli
