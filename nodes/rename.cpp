// SPDX-License-Identifier: GPL-2.0-or-later
// pando node rename: the node is off meanwhile, for it has its name everywhere.
#include "cdsl/change.h"
#include "cdsl/layout.h"
#include "cdsl/retire.h"
#include "config/edit.h"
#include "config/values.h"
#include "nodes/change.h"

#include <algorithm>

namespace pando::nodes {
namespace {

using cdsl::FreshTree;

Result<bool> has_tree(const Means& means, const std::string& name) {
    const auto shared = TRY(cdsl::SharedRoot::open(means.root));
    const auto trees = TRY(shared.trees());
    return std::find(trees.begin(), trees.end(), name) != trees.end();
}

Result<bool> is_renamed(const Means& means, const std::string& node, const std::string& name, FreshTree fresh) {
    const auto shared = TRY(cdsl::SharedRoot::open(means.root));
    return TRY(cdsl::plan_renaming(shared, node, name, fresh)).actions.empty();
}

void add_tree(Change& change, const Means& means, const std::string& node, const std::string& name, FreshTree fresh) {
    const auto apply = [means, node, name, fresh]() -> Result<> {
        const auto begun =
            TRY(cdsl::Change::begin(means.root, {means.here, fmt::format("pando node rename {} {}", node, name)}));
        // A machine may have booted by the new name since somebody said yes: it writes into the tree that would go
        // aside.
        const Now now = TRY(means.now());
        if (const config::Node* renamed = now.cluster.find_node(name)) TRY(refuse_if_alive(now, *renamed, "renamed"));
        (void)TRY(begun.carry_out(TRY(cdsl::plan_renaming(begun.shared(), node, name, fresh))));
        return {};
    };
    change.plan.add({.text = fmt::format("the tree of {} becomes that of {}", node, name),
                     .done = [means, node, name, fresh] { return is_renamed(means, node, name, fresh); },
                     .apply = apply});
}

// What a rename consists of beside the description.
void add_belongings(Change& change, const Means& means, const std::string& node, const std::string& name,
                    FreshTree fresh) {
    change.plan.add({.text = fmt::format("the kept bindings of {} become those of {}", node, name),
                     .done = [means, node]() -> Result<bool> { return !TRY(has_history(means.root, node)); },
                     .apply = [means, node, name] { return rename_history(means.root, node, name); }});
    add_tree(change, means, node, name, fresh);
}

}  // namespace

Result<Change> plan_renaming(const Now& now, const Means& means, const std::string& name, const std::string& fresh) {
    if (!config::is_host_label(fresh))
        return bad_input("{} is no host name", fresh).advise("1 to 63 lower-case letters, digits and -");
    Change change;
    change.before = change.after = now.bundle.files.at("cluster.yaml");
    const config::Node* node = now.cluster.find_node(name);
    if (node == nullptr) {
        // An interrupted command has changed the description: its tree is left to do. A machine that has booted by the
        // new name meanwhile got a fresh one, which is not thrown away.
        constexpr FreshTree aside = FreshTree::kept_aside;
        const bool described = now.cluster.find_node(fresh) != nullptr;
        if (!described || (TRY(is_renamed(means, name, fresh, aside)) && !TRY(has_history(means.root, name))))
            return Failure(node_of(now, name).error());
        TRY(refuse_if_alive(now, *now.cluster.find_node(fresh), "renamed"));
        if (!TRY(is_renamed(means, name, fresh, aside)) && TRY(has_tree(means, fresh)))
            change.notes.push_back(
                fmt::format("{} has booted since and got a tree of its own: it is kept aside in /.pando/kept", fresh));
        add_belongings(change, means, name, fresh, aside);
        return change;
    }
    if (now.cluster.find_node(fresh) != nullptr)
        return bad_input("there is a node {} already", fresh).advise("choose another name");
    TRY(refuse_if_alive(now, *node, "renamed"));
    TRY(is_renamed(means, name, fresh, FreshTree::refused));  // when both have a tree
    change.after = TRY(config::rename_node(change.before, name, fresh));
    add_claim_clearing(change, means, now, *node);
    add_publication(change, means, now.bundle, fmt::format("pando node rename {} {}", name, fresh));
    // By the time of that step the new name is described, and a machine may have booted by it.
    add_belongings(change, means, name, fresh, FreshTree::kept_aside);
    if (now.cluster.storage.iscsi)
        change.notes.push_back(
            fmt::format("the iSCSI target must let {}:{} in", now.cluster.storage.iscsi->initiator_prefix, fresh));
    return change;
}

}  // namespace pando::nodes
