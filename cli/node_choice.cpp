// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/node_choice.h"

#include "base/node_range.h"
#include "config/document.h"

#include <algorithm>

namespace pando::cli {
namespace {

constexpr std::string_view everybody = "@all";

Result<std::vector<std::string>> named(const std::string& text, const config::Cluster& cluster) {
    std::vector<std::string> all;
    for (const config::Node& node : cluster.nodes) all.push_back(node.name);
    if (text == everybody) return all;
    auto names = TRY(node_range(text));
    for (const std::string& name : names)
        if (std::find(all.begin(), all.end(), name) == all.end())
            return bad_input("there is no node {}", name).advise(config::suggestion(name, all));
    return names;
}

}  // namespace

void NodeChoice::declare(CLI::App& app) {
    app.add_option("NODES", nodes, "n1,n3 or n[1-8,12] or @all")->required();
    app.add_option("--except", except, "but not these")->type_name("NODES");
}

Result<std::vector<std::string>> NodeChoice::of(const config::Cluster& cluster) const {
    auto names = TRY(named(nodes, cluster));
    if (!except.empty()) {
        const auto without = TRY(named(except, cluster));
        std::erase_if(names, [&](const std::string& name) {
            return std::find(without.begin(), without.end(), name) != without.end();
        });
    }
    if (names.empty()) return bad_input("no node is left of {} without {}", nodes, except);
    return names;
}

}  // namespace pando::cli
