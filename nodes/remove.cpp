// SPDX-License-Identifier: GPL-2.0-or-later
// pando node remove: the machine off, the node out of the description, its claim and its tree out of the way.
#include "base/log.h"
#include "cdsl/change.h"
#include "cdsl/retire.h"
#include "config/edit.h"
#include "nodes/change.h"
#include "nodes/votes.h"

#include <poll.h>
#include <algorithm>

namespace pando::nodes {
namespace {

constexpr Milliseconds leaving_patience{60000};  // corosync's token and a fencing are over long before
constexpr Milliseconds look_interval{200};

bool is_in(const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

// A claim of a node that the description no longer has, by the name that is in it.
void add_left_claim(Change& change, const Means& means, const Now& now, const std::string& name) {
    for (const config::Claim& claim : now.claims)
        if (claim.node == name) add_claim_clearing(change, means, now, config::Node{.name = name, .id = claim.id});
}

Result<bool> is_retired(const Means& means, const std::string& name) {
    const auto shared = TRY(cdsl::SharedRoot::open(means.root));
    return TRY(cdsl::plan_retirement(shared, name)).actions.empty();
}

void add_retirement(Change& change, const Means& means, const std::string& name) {
    const auto apply = [means, name]() -> Result<> {
        const auto begun = TRY(cdsl::Change::begin(means.root, {means.here, "pando node remove " + name}));
        (void)TRY(begun.carry_out(TRY(cdsl::plan_retirement(begun.shared(), name))));
        return {};
    };
    change.plan.add({.text = fmt::format("keep the tree of {} aside in /.pando/kept", name),
                     .done = [means, name] { return is_retired(means, name); },
                     .apply = apply});
}

// Its old bindings go with the tree: a later node of that name has its own.
Result<> add_belongings(Change& change, const Means& means, const std::string& name) {
    if (TRY(has_history(means.root, name)))
        change.plan.add({.text = fmt::format("set the kept bindings of {} aside", name),
                         .done = [means, name]() -> Result<bool> { return !TRY(has_history(means.root, name)); },
                         .apply = [means, name] { return set_history_aside(means.root, name); }});
    if (!TRY(is_retired(means, name))) add_retirement(change, means, name);
    return {};
}

bool runs(const Now& now, const config::Node& node) { return now.is_member(node) || now.beats(node); }

// Nobody may be written out of the description who still votes, or writes to the root.
void add_leaving(Change& change, const Means& means, const config::Node& node) {
    const auto gone = [means, node]() -> Result<bool> { return !runs(TRY(means.now()), node); };
    const auto wait = [gone, node]() -> Result<> {
        const auto deadline = Deadline::after(leaving_patience);
        while (!TRY(gone())) {
            if (deadline.passed())
                return fail("node {} is off by its fence device, and still runs", node.name)
                    .advise(fmt::format("the device is another machine's: correct the fence: of {} in cluster.yaml",
                                        node.name));
            (void)poll(nullptr, 0, deadline.capped(look_interval).poll_timeout());
        }
        return {};
    };
    change.plan.add(
        {.text = fmt::format("wait until {} has left the cluster", node.name), .done = gone, .apply = wait});
}

// One that runs. Somebody's word that it is off counts for nothing then.
Result<> add_stopping(Change& change, const Means& means, const config::Node& node, const Proof& proof,
                      const Removal& wanted) {
    if (proof.verdict == Verdict::unknown)
        return bad_input("node {} runs, and no fence device of it answers ({}): it cannot be stopped", node.name,
                         proof.text())
            .advise(fmt::format("shut it down (ssh {} poweroff), then give the command again", node.name));
    TRY(add_switching_off(change, means, node, proof, "", Running::allow, wanted.stopped));
    add_leaving(change, means, node);
    return {};
}

// The others fence a member that is gone, and a fencing ends with its power on: then it stands at its console as a
// stranger, and does no harm. Nobody wants it on all the same.
void add_second_switching_off(Change& change, const Means& means, const config::Node& node) {
    const auto tried = std::make_shared<bool>(false);  // the node is removed, whatever comes of it
    const auto done = [means, node, tried]() -> Result<bool> {
        if (*tried) return true;
        return ask_whether_off(node, means.agents, Deadline::after(agent_limit)).verdict == Verdict::off;
    };
    const auto apply = [means, node, tried]() -> Result<> {
        *tried = true;
        const auto newest = TRY(means.newest());
        if (const std::string owner = owner_of_a_device_of(node, TRY(newest.description())); !owner.empty()) {
            log::warning("the fence device of {} is by now that of {}: nothing is switched off", node.name, owner);
            return {};
        }
        const auto off = fence_off(node, means.agents);
        if (off) return {};
        log::warning("{} is removed, and its machine could not be seen off: {}", node.name, off.error().what);
        log::hint(
            "its fencing may have switched it on again: it waits at its console as a stranger; switch it off there");
        return {};
    };
    change.plan.add(
        {.text = fmt::format("switch the machine of {} off once more, if its fencing has switched it on", node.name),
         .done = done,
         .apply = apply});
}

Result<> refuse_unfit(const Now& now, const Means& means, const Removal& wanted, const config::Node& node) {
    if (node.name == means.here)
        return bad_input("node {} is the one that this command runs on", node.name)
            .advise("give it on another node, when this one is shut down");
    if (wanted.stop) return {};
    if (now.is_member(node))
        return bad_input("node {} is up, a member of the cluster", node.name)
            .advise(fmt::format("shut it down (ssh {} poweroff) and give the command again; with --stop it is switched "
                                "off by its fence device, as it is",
                                node.name));
    return refuse_if_alive(now, node, "removed");
}

}  // namespace

Result<Change> plan_removal(const Now& now, const Means& means, const Removal& wanted,
                            const std::map<std::string, Proof>& proofs) {
    Change change;
    change.before = change.after = now.bundle.files.at("cluster.yaml");
    std::vector<std::string> there;
    for (const std::string& name : wanted.nodes)
        if (now.cluster.find_node(name) != nullptr) there.push_back(name);
    if (!there.empty()) {
        TRY(check_quorum_after(now, there));
        TRY(check_quorum_while_off(now, there));
        change.after = TRY(config::remove_nodes(change.before, there));
    }
    std::vector<config::Node> stopped;
    for (const std::string& name : there) {
        const config::Node& node = *now.cluster.find_node(name);
        TRY(refuse_unfit(now, means, wanted, node));
        const auto proof = proofs.find(name);
        const Proof known = proof == proofs.end() ? Proof() : proof->second;
        if (runs(now, node)) {
            TRY(add_stopping(change, means, node, known, wanted));
            stopped.push_back(node);
        } else if (!wanted.stopped->contains(name)) {
            TRY(add_switching_off(change, means, node, known, wanted.confirmed_off));
        }
    }
    add_publication(change, means, now.bundle, fmt::format("pando node remove {}", fmt::join(there, " ")));
    // What is left of a node that an interrupted command took out of the description is found by its name.
    for (const std::string& name : wanted.nodes) {
        const size_t steps = change.plan.steps().size();
        if (const config::Node* node = now.cluster.find_node(name))
            add_claim_clearing(change, means, now, *node);
        else
            add_left_claim(change, means, now, name);
        TRY(add_belongings(change, means, name));
        const bool nothing_left = change.plan.steps().size() == steps;
        if (nothing_left && !is_in(there, name)) TRY(node_of(now, name));
    }
    for (const config::Node& node : stopped) add_second_switching_off(change, means, node);
    if (!there.empty())
        change.notes.emplace_back("journals stay: GFS2 cannot give them back, and the next node takes them");
    return change;
}

}  // namespace pando::nodes
