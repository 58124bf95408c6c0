// SPDX-License-Identifier: GPL-2.0-or-later
// pando node list: a line for each node.
#include "base/log.h"
#include "base/node_range.h"
#include "cli/command.h"
#include "cli/node_change.h"
#include "nodes/roster.h"

#include <memory>

namespace pando::cli {
namespace {

struct ListOptions {
    std::string range;
    bool json = false;
};

Result<int> list(const ListOptions& options) {
    const auto cluster = TRY(read_cluster_now());
    if (!cluster.now.quorum)
        log::warning("corosync does not answer on this node, so nobody is known to be up: {}",
                     cluster.now.quorum_trouble);
    std::vector<nodes::RosterLine> lines;
    if (options.range.empty()) {
        for (const config::Node& node : cluster.now.cluster.nodes)
            lines.push_back(nodes::roster_line(cluster.now, node));
    } else {
        for (const std::string& name : TRY(node_range(options.range)))
            lines.push_back(nodes::roster_line(cluster.now, *TRY(nodes::node_of(cluster.now, name))));
    }
    if (!options.json) {
        fmt::print("{}", nodes::to_text(lines));
        return 0;
    }
    auto json = nlohmann::ordered_json::array();
    for (const auto& line : lines) json.push_back(nodes::to_json(line));
    fmt::print("{}\n", nlohmann::ordered_json{{"cluster", cluster.now.cluster.name},
                                              {"generation", cluster.now.bundle.generation},
                                              {"nodes", json}}
                           .dump(2));
    return 0;
}

}  // namespace

Action declare_node_list(CLI::App& app) {
    auto options = std::make_shared<ListOptions>();
    app.add_option("RANGE", options->range, "these nodes only: n1,n3 or n[1-8,12]");
    app.add_flag("--json", options->json, "for programs");
    return [options] { return list(*options); };
}

}  // namespace pando::cli
