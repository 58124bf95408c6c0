// SPDX-License-Identifier: GPL-2.0-or-later
// pando node replace, restore: another machine becomes the node. Name, id, address, journal and tree stay.
#include "cdsl/layout.h"
#include "config/edit.h"
#include "nodes/change.h"
#include "nodes/waiting.h"

#include <fmt/chrono.h>
#include <algorithm>
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

std::string how_known(const Proof& proof, const std::string& confirmed_off, bool first_machine) {
    if (proof.verdict == Verdict::off) return proof.text();
    if (!confirmed_off.empty()) return "the operator's word: " + confirmed_off;
    if (first_machine) return "no machine had ever run as it";
    return "switched off by its fence device";
}

// The fence device stays with the slot; its options change when the new machine's management has others.
Result<std::string> text_after(const std::string& before, const config::Node& node, const Replacement& wanted) {
    std::string after = TRY(config::bind_node(before, node.name, wanted.binding));
    if (wanted.fence_options.empty()) return after;
    if (node.fence.empty()) return bad_input("node {} has no fence device", node.name);
    return config::set_fence_options(after, node.name, node.fence.front().name, wanted.fence_options);
}

// Keys of the old machine that the new one has no value for.
std::vector<std::string> forgotten_keys(const config::MachineIdentity& before, const config::MachineIdentity& after) {
    std::vector<std::string> keys;
    if (before.uuid && !after.uuid) keys.emplace_back("UUID");
    if (before.serial && !after.serial) keys.emplace_back("serial number");
    if (before.asset && !after.asset) keys.emplace_back("asset tag");
    return keys;
}

// What the options that change are now.
config::OptionChanges options_before(const config::Node& node, const config::OptionChanges& changes) {
    config::OptionChanges before;
    for (const auto& [option, value] : changes) {
        const auto& options = node.fence.front().options;
        const auto it = options.find(option);
        before[option] = it == options.end() ? std::nullopt : std::optional(it->second);
    }
    return before;
}

// A machine that becomes a node claims it, then its tree is made; replacing it leaves a record. A record whose node
// still is what it was before never came to pass: power went before the description was written.
Result<bool> may_have_run(const Now& now, const Means& means, const config::Node& node) {
    if (node.machine.uuid || node.machine.serial || node.machine.asset || now.claim_of(node) != nullptr) return true;
    std::error_code error;
    const auto tree = std::filesystem::symlink_status(means.root / cdsl::nodes_directory / node.name, error);
    if (tree.type() != std::filesystem::file_type::not_found) return true;
    const auto records = TRY(rebindings(means.root, node.name));
    return std::any_of(records.begin(), records.end(), [&](const Rebinding& record) {
        return came_to_pass(record, node) || !(record.before == config::binding_of(node));
    });
}

// A fence device that stays with the slot speaks of the machine that is in it: the one that waits, when it is the new
// one. That one is not switched off, and whether the old one is off nobody can tell but the operator.
Result<> refuse_unless_sworn(const config::Node& node, const Proof& proof, const Replacement& wanted) {
    if (!wanted.confirmed_off.empty()) return {};
    return bad_input("the fence device of {} says that a machine is on ({}): the old one, or the one that waits",
                     node.name, proof.text())
        .advise(
            fmt::format("nothing is switched off, it could be the new one. Does the old one run, then switch it off "
                        "by its management and give the command again. Does the device belong to the slot in which "
                        "the new one is now, and was the old one pulled: --confirm-off \"REASON\", it is kept with "
                        "the change. pando node show {} names the device",
                        node.name));
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
    // Described before its machine came: the one that waits is on, and there is no old one that could be.
    const bool on_and_waits = proof.verdict == Verdict::on && !wanted.boot.empty();
    const bool first_machine = on_and_waits && !TRY(may_have_run(now, means, node));
    if (first_machine)
        change.notes.push_back(
            fmt::format("no machine has ever run as {}; its fence device says on, as it should be", node.name));
    else if (on_and_waits)
        TRY(refuse_unless_sworn(node, proof, wanted));
    else
        TRY(add_switching_off(change, means, node, proof, wanted.confirmed_off));
    if (!wanted.fence_options.empty()) TRY(refuse_shared_fence_device(change.after, node.name));
    const Rebinding record{.node = node.name,
                           .before = config::binding_of(node),
                           .after = whole(node, wanted.binding),
                           .fence_before = options_before(node, wanted.fence_options),
                           .fence_after = wanted.fence_options,
                           .generation = now.bundle.generation,
                           .restores = wanted.restores,
                           .boot = wanted.boot,
                           .when = now_in_utc(),
                           .who = means.who,
                           .proof = how_known(proof, wanted.confirmed_off, first_machine)};
    change.under_lock->push_back([means, record] { return write_rebinding(means.root, record); });
    change.notes.push_back(fmt::format("what {} was bound to is kept in /{}", node.name, history_directory));
    add_claim_clearing(change, means, now, node);
    add_publication(change, means, now.bundle, fmt::format("pando node replace {}", node.name));
    change.notes.push_back(fmt::format("{} keeps its id {}, its address {}, its journal and its tree", node.name,
                                       node.id, node.cluster_address()));
    for (const std::string& key : forgotten_keys(node.machine, wanted.binding.machine))
        change.notes.push_back(
            fmt::format("{} goes by no {} any more: none was given for the new machine", node.name, key));
    change.notes.push_back(fmt::format("if the new machine never comes up: pando node restore {}", node.name));
    return change;
}

Result<bool> was_bound(const Now& now, const Means& means, const config::Node& node, const std::string& which) {
    const auto last = TRY(last_rebinding(means.root, node));
    if (!last || last->boot.empty()) return false;
    // Whoever waits under that key has to be looked at: a machine whose board or NIC was changed, for instance.
    if (waits(now.waiting, which)) return false;
    if (names(which, last->after)) return true;
    if (!which.empty() && !is_place(which)) return false;
    const auto is_bound = [&](const config::Pending& one) { return one.boot == last->boot; };
    if (std::any_of(now.waiting.begin(), now.waiting.end(), is_bound)) return which.empty();
    const config::Claim* claim = now.claim_of(node);
    return claim != nullptr && claim->boot == last->boot && now.beats(node);
}

Result<Replacement> what_to_restore(const Now& now, const Means& means, const std::string& name) {
    const config::Node& node = *TRY(node_of(now, name));
    const auto all = TRY(rebindings(means.root, name));
    if (all.empty())
        return bad_input("node {} was never replaced: there is no binding to restore", name)
            .advise(fmt::format("another machine for it: pando node replace {}", name));
    Replacement wanted{.node = name, .binding = config::binding_of(node), .restores = true};
    const auto last = TRY(last_rebinding(means.root, node));
    if (!last) {
        const Rebinding& newest = all.front();
        if (wanted.binding == newest.before) return wanted;  // it is so already
        return bad_input("node {} was bound otherwise since it was replaced on {} by {}", name, newest.when, newest.who)
            .advise(fmt::format("the old binding is in /{}; pando node replace {} --with binds any machine",
                                history_directory, name));
    }
    if (last->restores) return wanted;  // given again
    wanted.binding = last->before;
    wanted.fence_options = last->fence_before;
    return wanted;
}

}  // namespace pando::nodes
