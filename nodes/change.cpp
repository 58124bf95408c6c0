// SPDX-License-Identifier: GPL-2.0-or-later
#include "nodes/change.h"

#include "config/load.h"
#include "config/render.h"

#include <fmt/ranges.h>
#include <algorithm>
#include <array>

namespace pando::nodes {
namespace {

constexpr const char* description = "cluster.yaml";

// What leads an agent to one machine and no other: where its management is, and which of the machines there.
// Each with its other name.
using Place = std::array<const char*, 2>;
constexpr std::array<Place, 4> places = {
    {{"ip", "ipaddr"}, {"ipport", "ipport"}, {"plug", "port"}, {"systems_uri", "systems-uri"}}};

bool same_device(const config::FenceDevice& one, const config::FenceDevice& other) {
    if (one.agent != other.agent) return false;
    const auto value = [](const config::FenceDevice& device, const Place& place) {
        for (const char* option : place)
            if (const auto it = device.options.find(option); it != device.options.end()) return it->second;
        return std::string();
    };
    const auto is_named = [&](const Place& place) { return !value(one, place).empty(); };
    return std::any_of(places.begin(), places.end(), is_named) &&
           std::all_of(places.begin(), places.end(),
                       [&](const Place& place) { return value(one, place) == value(other, place); });
}

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
    const auto apply = [means, seen, command, after = change.after, published = change.published,
                        under_lock = change.under_lock]() -> Result<> {
        config::Bundle next = seen;
        next.files[description] = after;
        const auto before = [&]() -> Result<> {
            for (const auto& act : *under_lock) TRY(act());
            return {};
        };
        *published = TRY(means.publish(command, seen, std::move(next), before));
        return {};
    };
    change.plan.add({.text = fmt::format("write generation {} of the description to the LUN; all nodes that are up go "
                                         "by it, and corosync and dlm_controld read it without a restart",
                                         seen.generation + 1),
                     .done = done,
                     .apply = apply});
}

std::string owner_of_a_device_of(const config::Node& node, const config::Cluster& cluster) {
    for (const config::Node& other : cluster.nodes)
        for (const config::FenceDevice& device : other.fence)
            for (const config::FenceDevice& own : node.fence)
                if (other.name != node.name && same_device(own, device)) return other.name;
    return {};
}

Result<> refuse_shared_fence_device(const std::string& yaml, const std::string& name) {
    const auto cluster = TRY(config::load_text(yaml, description));
    const config::Node* node = cluster.find_node(name);
    for (const config::FenceDevice& own : node->fence)
        for (const config::Node& other : cluster.nodes)
            for (const config::FenceDevice& device : other.fence)
                if (other.name != name && same_device(own, device))
                    return bad_input(
                               "fence device {} of {} would be that of {}, {}: whoever fences one switches off "
                               "the other",
                               own.name, name, other.name, device.name)
                        .advise("give it its own address or plug: --fence-option ip=…");
    return {};
}

Result<> require_fence_answer(const std::string& yaml, const std::string& name, const Means& means) {
    const auto cluster = TRY(config::load_text(yaml, description));
    config::Node node = *cluster.find_node(name);
    if (node.fence.size() > 1) node.fence.resize(1);
    const auto proof = ask_whether_off(node, means.agents, Deadline::after(agent_limit));
    if (proof.verdict != Verdict::unknown) return {};
    return bad_input("the fence device of {} does not answer with the new options ({})", name, proof.text())
        .advise("correct --fence-option; a device that cannot answer yet: --untested-fence");
}

namespace {

// A file on the boot server, which no node writes.
void note_boot_script(Change& change) {
    const auto before = config::load_text(change.before, description);
    const auto after = config::load_text(change.after, description);
    if (!before || !after || config::ipxe_script(*before, "") == config::ipxe_script(*after, "")) return;
    change.notes.emplace_back(
        "the boot script changes, as it has the kernel_arguments of single nodes by their MACs: on the boot server "
        "write "
        "boot.ipxe anew (pando config render ipxe), or the blade boots without them");
}

}  // namespace

Result<Change> plan_with_second_look(const Now& now, const Means& means, const Planner& planner) {
    if (!now.quorum)
        return fail("corosync does not answer on this node: {}", now.quorum_trouble)
            .advise("who is a member cannot be told here: pando status; or give the command on another node");
    Change change = TRY(planner(now, means));
    note_boot_script(change);
    const auto look = [means, planner, after = change.after]() -> Result<> {
        constexpr const char* again = "look at the cluster (pando node list), then give the command again";
        const auto plan = planner(TRY(means.now()), means);
        if (!plan)
            return fail("the situation changed since this was planned: {}", plan.error().what)
                .advise(plan.error().advice.empty() ? again : plan.error().advice);
        if (plan->after != after)
            return fail("the situation changed since this was planned: cluster.yaml would be changed otherwise now")
                .advise(again);
        if (!plan->questions.empty())
            return fail("the situation changed since this was planned: {}", fmt::join(plan->questions, "; "))
                .advise(again);
        return {};
    };
    change.under_lock->insert(change.under_lock->begin(), look);
    return change;
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
                           const std::string& confirmed_off, Running running,
                           const std::shared_ptr<std::set<std::string>>& stopped) {
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
    const auto apply = [means, node, running, stopped, planned = change.before]() -> Result<> {
        // Somebody else may have bound the node anew since: the machine behind its device would be another one.
        if (TRY(means.newest()).files.at(description) != planned)
            return fail("the description was changed since this was planned: nothing is switched off")
                .advise("look at the cluster (pando node list), then give the command again");
        if (running == Running::refuse) TRY(refuse_if_alive(TRY(means.now()), node, "switched off"));
        (void)TRY(fence_off(node, means.agents));
        if (stopped) stopped->insert(node.name);
        return {};
    };
    change.plan.add({.text = fmt::format("switch the machine of {} off by its fence device", node.name),
                     .done = done,
                     .apply = apply});
    return {};
}

}  // namespace pando::nodes
