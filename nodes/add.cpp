// SPDX-License-Identifier: GPL-2.0-or-later
// pando node add: journals, then the description. The node's tree is made from the template at its first boot.
#include "cdsl/layout.h"
#include "config/edit.h"
#include "config/load.h"
#include "nodes/change.h"
#include "nodes/votes.h"
#include "nodes/waiting.h"

#include <algorithm>

namespace pando::nodes {
namespace {

// A tree that a node of this name left behind is never inherited unasked.
Result<> refuse_left_tree(const Means& means, const std::string& name) {
    const auto tree = means.root / cdsl::nodes_directory / name;
    std::error_code error;
    if (!std::filesystem::exists(std::filesystem::symlink_status(tree, error))) return {};
    return bad_input("a node {} was here before: its tree is still at {}", name, tree.string())
        .advise(fmt::format("pando cdsl repair --retire {} keeps it aside; then add the node again", name));
}

Result<> add_journal_step(Change& change, const Means& means, size_t nodes) {
    const auto needed = static_cast<uint32_t>(nodes);
    const uint32_t there = TRY(means.journals());
    if (there >= needed) return {};
    const auto done = [means, needed]() -> Result<bool> { return TRY(means.journals()) >= needed; };
    const auto apply = [means, needed]() -> Result<> { return means.add_journals(needed - TRY(means.journals())); };
    change.plan.add({.text = fmt::format("add {} journal{} to the root, which has {} (gfs2_jadd)", needed - there,
                                         needed - there == 1 ? "" : "s", there),
                     .done = done,
                     .apply = apply});
    return {};
}

}  // namespace

bool was_added(const Now& now, const std::string& name, const std::string& which) {
    const config::Node* node = now.cluster.find_node(name);
    if (node == nullptr) return false;
    const auto binding = config::binding_of(*node);
    if (now.is_member(*node) || now.beats(*node) || names(which, binding)) return true;
    return std::any_of(now.waiting.begin(), now.waiting.end(),
                       [&](const config::Pending& one) { return is_bound_to(binding, one.machine); });
}

Result<Change> plan_addition(const Now& now, const Means& means, const std::vector<Wanted>& wanted) {
    Change change;
    change.before = change.after = now.bundle.files.at("cluster.yaml");
    const Additions additions = TRY(complete(change.before, wanted));
    if (!additions.fresh.empty()) change.after = TRY(config::add_nodes(change.before, additions.fresh));
    const auto cluster = TRY(config::load_text(change.after, "cluster.yaml"));
    std::vector<std::string> names;
    for (const config::NodeText& node : additions.fresh) {
        const config::Node& fresh = *cluster.find_node(node.at("name").get<std::string>());
        TRY(refuse_left_tree(means, fresh.name));
        TRY(refuse_shared_fence_device(change.after, fresh.name));
        names.push_back(fresh.name);
        change.notes.push_back(
            fmt::format("{}: node id {}, address {}, its tree comes from the template at its first "
                        "boot",
                        fresh.name, fresh.id, fresh.cluster_address()));
        if (cluster.storage.iscsi)
            change.notes.push_back(fmt::format("{}: the iSCSI target must let {}:{} in", fresh.name,
                                               cluster.storage.iscsi->initiator_prefix, fresh.name));
    }
    if (!additions.fresh.empty()) TRY(check_quorum_with(now, cluster));
    TRY(add_journal_step(change, means, cluster.nodes.size()));
    add_publication(change, means, now.bundle, fmt::format("pando node add {}", fmt::join(names, " ")));
    return change;
}

}  // namespace pando::nodes
