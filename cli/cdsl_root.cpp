// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/cdsl_root.h"

#include "base/log.h"
#include "cdsl/additions.h"
#include "cdsl/live.h"

#include <algorithm>

namespace pando::cli {

void add_options(CLI::App& app, CdslRootOptions& options) {
    app.add_option("--root", options.root, "the shared root: /, or where a tree or a shared filesystem is")
        ->capture_default_str();
    app.add_option("--cluster", options.cluster, "cluster.yaml; else what this node booted with");
}

Result<CdslRoot> CdslRoot::open(const CdslRootOptions& options) {
    auto description = TRY(read_description(options.cluster));
    auto shared = TRY(cdsl::SharedRoot::open(options.root));
    auto additions = TRY(cdsl::read_additions(shared.bare()));
    auto policy = TRY(cdsl::policy_for_root(description.cluster, additions));
    return CdslRoot{std::move(description.cluster), std::move(shared), std::move(additions), std::move(policy)};
}

cdsl::Holder CdslRoot::holder(const std::string& command) const {
    const auto node = shared.local_node();
    return {node ? node->value_or("") : "", command};
}

nlohmann::ordered_json Live::json() const {
    if (node.empty()) return nullptr;
    return {{"node", node},       {"binds", binds},         {"links", links},      {"tmpfs", tmpfs},
            {"trouble", trouble}, {"unmounted", unmounted}, {"repaired", repaired}};
}

void Live::print() const {
    if (node.empty()) return;
    for (const std::string& line : repaired) log::info("{}", line);
    for (const std::string& path : unmounted) log::info("{} is every node's again on {}", path, node);
    for (const std::string& line : trouble) log::warning("{}", line);
    log::info("{} has {} binds, {} links and {} tmpfs", node, binds, links, tmpfs);
}

Result<Live> follow(const CdslRoot& root) {
    Live live;
    live.node = TRY(root.shared.local_node()).value_or("");
    if (live.node.empty()) return live;
    const auto additions = TRY(cdsl::read_additions(root.shared.bare()));
    cdsl::NodeFacts facts;
    facts.name = live.node;
    std::vector<cdsl::Rule> policy;
    if (const auto* node = root.cluster.find_node(live.node)) {
        policy = TRY(cdsl::policy_for(root.cluster, *node, additions));
        facts.profile = node->profile;
    }
    const auto inventory = cdsl::read_inventory(root.shared.bare());
    if (inventory && *inventory) {
        const auto rules = cdsl::rules_of_node((*inventory)->rules, facts.name, facts.profile);
        for (const auto& path : TRY(cdsl::stray_mounts(root.shared, rules))) {
            TRY(cdsl::unmap(root.shared, path));
            live.unmounted.push_back(path.string());
        }
    }
    auto mapped = TRY(cdsl::map(root.shared.path(), policy, facts));
    live.binds = mapped.binds;
    live.links = mapped.links;
    live.tmpfs = mapped.tmpfs;
    live.repaired = std::move(mapped.repaired);
    live.trouble = std::move(mapped.required_failures);
    live.trouble.insert(live.trouble.end(), mapped.failures.begin(), mapped.failures.end());
    return live;
}

void tell(const std::vector<std::string>& recovered) {
    for (const std::string& line : recovered) log::info("{}", line);
}

}  // namespace pando::cli
