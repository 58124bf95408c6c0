// SPDX-License-Identifier: GPL-2.0-or-later
#include "nodes/change.h"

#include "config/render.h"

#include <algorithm>

namespace pando::nodes {
namespace {

constexpr const char* description = "cluster.yaml";
constexpr Milliseconds agent_limit{60000};  // a blade's BMC takes its time to switch off

}  // namespace

Result<const config::Node*> node_of(const Now& now, const std::string& name) {
    if (const config::Node* node = now.cluster.find_node(name)) return node;
    std::vector<std::string> names;
    for (const config::Node& node : now.cluster.nodes) names.push_back(node.name);
    return bad_input("cluster {} has no node {}", now.cluster.name, name)
        .advise(fmt::format("there are: {}", fmt::join(names, " ")));
}

void add_publication(Change& change, const Means& means, const config::Bundle& seen, const std::string& command) {
    if (change.before == change.after) return;
    const auto done = [means, after = change.after]() -> Result<bool> {
        const auto newest = TRY(means.newest());
        const auto it = newest.files.find(description);
        return it != newest.files.end() && it->second == after;
    };
    const auto apply = [means, seen, command, after = change.after, published = change.published]() -> Result<> {
        config::Bundle next = seen;
        next.files[description] = after;
        *published = TRY(means.publish(command, seen, std::move(next)));
        return {};
    };
    change.plan.add({.text = fmt::format("write generation {} of the description to the LUN; all nodes that are up go "
                                         "by it, and corosync and dlm_controld read it without a restart",
                                         seen.generation + 1),
                     .done = done,
                     .apply = apply});
}

void add_claim_clearing(Change& change, const Means& means, const Now& now, const config::Node& node) {
    const auto* claim = now.claim_of(node);
    if (claim == nullptr) return;
    // Only the record of that boot: the next machine writes its own there.
    const auto done = [means, id = node.id, boot = claim->boot]() -> Result<bool> {
        const auto there = TRY(config::read_claim(*means.store, id));
        return !there || there->boot != boot;
    };
    change.plan.add({.text = fmt::format("forget the claim of the machine that ran as {}", node.name),
                     .done = done,
                     .apply = [means, id = node.id] { return config::clear_claim(*means.store, id); }});
}

Result<> add_switching_off(Change& change, const Means& means, const config::Node& node, const Proof& proof,
                           const std::string& confirmed_off) {
    if (proof.verdict == Verdict::off) return {};
    if (proof.verdict == Verdict::unknown) {
        if (!confirmed_off.empty()) return {};
        return bad_input("nobody can tell whether the machine of {} is off ({})", node.name, proof.text())
            .advise(
                "two machines with one identity destroy the root. See to it that the old one is off, pull it or its "
                "plug, and give --confirm-off \"REASON\": it is kept with the change");
    }
    change.questions.push_back(
        fmt::format("the machine of {} is on ({}): it is switched off", node.name, proof.text()));
    const auto done = [means, node]() -> Result<bool> {
        return ask_whether_off(node, means.agents, Deadline::after(agent_limit)).verdict == Verdict::off;
    };
    const auto apply = [means, node]() -> Result<> {
        (void)TRY(fence_off(node, means.agents, Deadline::after(agent_limit)));
        return {};
    };
    change.plan.add({.text = fmt::format("switch the machine of {} off by its fence device", node.name),
                     .done = done,
                     .apply = apply});
    return {};
}

}  // namespace pando::nodes
