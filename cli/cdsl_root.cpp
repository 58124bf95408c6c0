// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/cdsl_root.h"

#include "base/log.h"
#include "base/node_range.h"
#include "cdsl/additions.h"
#include "cdsl/inventory.h"
#include "cdsl/live.h"
#include "cli/cdsl_look.h"

#include <algorithm>

namespace pando::cli {

void add_options(CLI::App& app, CdslRootOptions& options) {
    app.add_option("--root", options.root, "the shared root: /, or where a tree or a shared filesystem is")
        ->capture_default_str();
    app.add_option("--cluster", options.cluster, "cluster.yaml; else what this node booted with");
    app.add_option("--filesystem", options.filesystem,
                   "where another shared filesystem is mounted below the root, with CDSLs of its own");
}

namespace {

// A broken inventory is repair's to mend; what depends on it fails where it reads it.
Result<cdsl::Inventory> inventory_at(const std::filesystem::path& root) {
    const auto inventory = cdsl::read_inventory_of(root);
    if (!inventory && inventory.error().kind != ErrorKind::bad_input) return Failure(inventory.error());
    return inventory && *inventory ? **inventory : cdsl::Inventory{};
}

// The filesystem that was named, or that the path is on by the root's inventory.
Result<std::filesystem::path> filesystem_of(const CdslRootOptions& options, const std::string* path) {
    if (!options.filesystem.empty()) return cdsl::checked_path(options.filesystem);
    if (path == nullptr) return std::filesystem::path();
    for (const auto& one : TRY(inventory_at(options.root)).filesystems)
        if (cdsl::is_below(TRY(cdsl::checked_path(*path)), one)) return one;
    return std::filesystem::path();
}

}  // namespace

Result<CdslRoot> CdslRoot::open(const CdslRootOptions& options, std::string* path) {
    auto description = TRY(read_description(options.cluster));
    const auto filesystem = TRY(filesystem_of(options, path));
    const auto top = options.root / filesystem.relative_path();
    auto shared = TRY(cdsl::SharedRoot::open_to_look(top));
    warn_of_mounts(shared.is_bare());
    auto node = TRY(shared.local_node());
    cdsl::Inventory inventory = TRY(inventory_at(top));
    if (!filesystem.empty()) {
        inventory.below = filesystem;
        node = TRY(TRY(cdsl::SharedRoot::open_to_look(options.root)).local_node());
        if (path != nullptr) {
            const auto whole = TRY(cdsl::checked_path(*path));
            if (!cdsl::is_below(whole, filesystem))
                return bad_input("{} is not on {}", whole.string(), filesystem.string());
            *path = "/" + whole.lexically_relative(filesystem).string();
        }
    }
    const auto cluster = cdsl::cluster_on(description.cluster, inventory);
    auto additions = TRY(cdsl::read_additions(shared.bare()));
    const auto policy = TRY(cdsl::policy_for_root(cluster, additions, cdsl::builtin_on(inventory)));
    auto settled = TRY(cdsl::settle(shared, cluster, policy, inventory));
    return CdslRoot{cluster,
                    std::move(shared),
                    std::move(inventory),
                    std::move(additions),
                    std::move(settled.policy),
                    std::move(settled.refused),
                    node};
}

cdsl::Holder CdslRoot::holder(const std::string& command) const { return {node.value_or(""), command}; }

Result<std::vector<std::string>> nodes_in(const CdslRoot& root, const std::string& range) {
    auto names = TRY(node_range(range));
    std::vector<std::string> there;
    for (const config::Node& node : root.cluster.nodes) there.push_back(node.name);
    for (const std::string& name : names)
        if (root.cluster.find_node(name) == nullptr)
            return bad_input("there is no node {}", name).advise(fmt::format("there are: {}", fmt::join(there, " ")));
    return names;
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
    log::info("{} has {} binds, {} links and {} tmpfs{}", node, binds, links, tmpfs,
              filesystem.empty() ? "" : " on " + filesystem);
}

Result<Live> follow(const CdslRoot& root) {
    Live live;
    live.node = root.node.value_or("");
    live.filesystem = root.inventory.below.string();
    if (live.node.empty()) return live;
    cdsl::NodeFacts facts;
    facts.name = live.node;
    const auto* node = root.cluster.find_node(live.node);
    if (node == nullptr)
        return fail("{} is not in the description: what it shall have mounted is not known", live.node)
            .advise("name the cluster.yaml that has this node, with --cluster; what is mounted stays");
    facts.profile = node->profile;
    const auto inventory = cdsl::read_inventory(root.shared.bare());
    // Without an inventory the policy is all there is to go by. With one, what of the policy is not applied is told by
    // plan and check: it is no trouble of this change.
    std::vector<cdsl::Rule> policy;
    if (!inventory || !*inventory)
        policy = TRY(cdsl::policy_for(root.cluster, *node, TRY(cdsl::read_additions(root.shared.bare())),
                                      cdsl::builtin_on(root.inventory)));
    if (inventory && *inventory) {
        const auto rules = cdsl::rules_of_node((*inventory)->rules, facts.name, facts.profile);
        for (const auto& path : TRY(cdsl::not_mounted(root.shared, rules)))
            TRY(cdsl::check_nothing_else_below(root.shared, path, rules));
        for (const auto& path : TRY(cdsl::stray_mounts(root.shared, rules))) {
            TRY(cdsl::check_nothing_else_below(root.shared, path, rules));
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
