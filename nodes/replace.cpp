// SPDX-License-Identifier: GPL-2.0-or-later
// pando node replace, restore: another machine becomes the node. Name, id, address, journal and tree stay.
#include "config/edit.h"
#include "nodes/change.h"

#include <fmt/chrono.h>
#include <ctime>

namespace pando::nodes {
namespace {

std::string now_in_utc() { return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr))); }

// What the node will be bound to: MACs that are not named stay.
config::Binding whole(const config::Node& node, const config::Binding& wanted) {
    config::Binding binding = config::binding_of(node);
    binding.machine = wanted.machine;
    for (const auto& [nic, mac] : wanted.macs) binding.macs[nic] = mac;
    return binding;
}

std::string how_known(const Proof& proof, const std::string& confirmed_off) {
    if (proof.verdict == Verdict::off) return proof.text();
    if (proof.verdict == Verdict::on) return "switched off by its fence device";
    return "the operator's word: " + confirmed_off;
}

// The fence device stays with the slot; its options change when the new machine's management has others.
Result<std::string> text_after(const std::string& before, const config::Node& node, const Replacement& wanted) {
    std::string after = TRY(config::bind_node(before, node.name, wanted.binding));
    if (wanted.fence_options.empty()) return after;
    if (node.fence.empty()) return bad_input("node {} has no fence device", node.name);
    return config::set_fence_options(after, node.name, node.fence.front().name, wanted.fence_options);
}

void add_history(Change& change, const Means& means, const Rebinding& record) {
    const auto done = [means, record]() -> Result<bool> {
        const auto last = TRY(last_rebinding(means.root, record.node));
        return last && last->generation == record.generation && last->after == record.after;
    };
    change.plan.add({.text = fmt::format("keep the old binding of {} in /{}", record.node, history_directory),
                     .done = done,
                     .apply = [means, record] { return write_rebinding(means.root, record); }});
}

}  // namespace

Result<Change> plan_replacement(const Now& now, const Means& means, const Replacement& wanted, const Proof& proof) {
    const config::Node& node = *TRY(node_of(now, wanted.node));
    Change change;
    change.before = now.bundle.files.at("cluster.yaml");
    change.after = TRY(text_after(change.before, node, wanted));
    // Given again, and all was done: the machine that would be switched off is the new one.
    if (change.after == change.before) return change;
    TRY(refuse_if_alive(now, node, "replaced"));
    TRY(add_switching_off(change, means, node, proof, wanted.confirmed_off));
    add_history(change, means,
                {.node = node.name,
                 .before = config::binding_of(node),
                 .after = whole(node, wanted.binding),
                 .generation = now.bundle.generation,
                 .when = now_in_utc(),
                 .who = means.who,
                 .proof = how_known(proof, wanted.confirmed_off)});
    add_claim_clearing(change, means, now, node);
    add_publication(change, means, now.bundle, fmt::format("pando node replace {}", node.name));
    change.notes.push_back(fmt::format("{} keeps its id {}, its address {}, its journal and its tree", node.name,
                                       node.id, node.cluster_address()));
    change.notes.push_back(fmt::format("if the new machine never comes up: pando node restore {}", node.name));
    return change;
}

Result<config::Binding> binding_to_restore(const Now& now, const Means& means, const std::string& name) {
    const config::Node& node = *TRY(node_of(now, name));
    const auto last = TRY(last_rebinding(means.root, name));
    if (!last)
        return bad_input("node {} was never replaced: there is no binding to restore", name)
            .advise(fmt::format("another machine for it: pando node replace {}", name));
    const auto is = config::binding_of(node);
    if (is == last->before) return last->before;  // given again
    if (!(is == last->after))
        return bad_input("node {} was bound otherwise since it was replaced on {} by {}", name, last->when, last->who)
            .advise(fmt::format("the old binding is in /{}; pando node replace {} --with binds any machine",
                                history_directory, name));
    return last->before;
}

}  // namespace pando::nodes
