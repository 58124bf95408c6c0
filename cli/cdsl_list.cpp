// SPDX-License-Identifier: GPL-2.0-or-later
// pando cdsl list: which paths are context-dependent for a node, how, and why.
#include "cdsl/policy.h"
#include "cli/command.h"
#include "config/load.h"

#include <fmt/format.h>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

namespace pando::cli {

namespace {

struct ListOptions {
    std::string node;
    std::string cluster;
    bool json = false;
};

std::string as_json(const std::vector<cdsl::Rule>& rules) {
    auto list = nlohmann::ordered_json::array();
    for (const auto& rule : rules)
        list.push_back({{"path", rule.path.string()},
                        {"mode", cdsl::name_of(rule.mode)},
                        {"scope", rule.scope},
                        {"seed", cdsl::name_of(rule.seed)},
                        {"when", cdsl::name_of(rule.when)},
                        {"why", rule.why}});
    return list.dump(2);
}

void print_table(const std::vector<cdsl::Rule>& rules) {
    size_t path = 4;
    size_t scope = 5;
    for (const auto& rule : rules) {
        path = std::max(path, rule.path.native().size());
        scope = std::max(scope, rule.scope.size());
    }
    fmt::print("{:{}}  {:6}  {:{}}  {}\n", "PATH", path, "MODE", "SCOPE", scope, "WHY");
    for (const auto& rule : rules)
        fmt::print("{:{}}  {:6}  {:{}}  {}\n", rule.path.string(), path, cdsl::name_of(rule.mode), rule.scope, scope,
                   rule.why);
}

}  // namespace

Action declare_cdsl_list(CLI::App& app) {
    auto options = std::make_shared<ListOptions>();
    app.add_option("NODE", options->node, "name of a node in cluster.yaml")->required();
    app.add_option("--cluster", options->cluster, "cluster.yaml")->required();
    app.add_flag("--json", options->json, "for programs");
    return [options]() -> Result<int> {
        const auto cluster = TRY(config::load_file(options->cluster));
        const auto* node = cluster.find_node(options->node);
        if (node == nullptr)
            return bad_input("there is no node {} in {}", options->node, options->cluster)
                .advise("name one of nodes: in that file");
        const auto rules = TRY(cdsl::policy_for(cluster, *node));
        if (options->json)
            fmt::print("{}\n", as_json(rules));
        else
            print_table(rules);
        return 0;
    };
}

}  // namespace pando::cli
