// SPDX-License-Identifier: GPL-2.0-or-later
// What changes a node, first as a plan: steps that can be printed, each of which knows whether it is done. The same
// command given again after a power cut makes the same plan, and does what is left of it.
//
//   auto means = TRY(means_of_this_node(*store));
//   Change change = TRY(plan_addition(now, means, wanted));
//   fmt::print("{}", unified_diff(change.before, change.after, "cluster.yaml"));
//   TRY(change.plan.execute(Plan::Mode::apply));
#pragma once

#include "base/steps.h"
#include "nodes/history.h"
#include "nodes/now.h"
#include "nodes/off.h"
#include "nodes/publish.h"
#include "nodes/wanted.h"

#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace pando::nodes {

// What a change reaches the cluster by.
struct Means {
    std::filesystem::path root = "/";  // the shared root
    std::string here;                  // the node that we are on
    std::string who;                   // who gives the command, for the history: "root on n1"
    Store* store = nullptr;            // the partition pando-bundle
    fencing::Runner agents;            // runs fence agents, inside the chroot
    std::function<Result<config::Bundle>()> newest;
    std::function<Result<Now>()> now;
    // Makes `next` the newest, unless the newest is another one than `seen` by then. `before` is called under the
    // cluster's lock, right before the write; nothing is written when it fails.
    std::function<Result<Published>(const std::string& command, const config::Bundle& seen, config::Bundle next,
                                    const std::function<Result<>()>& before)>
        publish;
    std::function<Result<uint32_t>()> journals;
    std::function<Result<>(uint32_t)> add_journals;
};

Result<Means> means_of_this_node(Store& store);

// The node of a cluster that has a fence device of this node by now; empty: none.
std::string owner_of_a_device_of(const config::Node& node, const config::Cluster& cluster);

// What is done under the lock before the description is written; it may fail.
using UnderLock = std::vector<std::function<Result<>()>>;

struct Change {
    std::string before, after;           // cluster.yaml; equal when nothing of it changes
    std::vector<std::string> questions;  // what is asked before it is done: a machine is switched off
    std::vector<std::string> notes;      // what follows for others: a journal, an initiator's name
    Plan plan;
    std::shared_ptr<Published> published = std::make_shared<Published>();  // filled when it was
    std::shared_ptr<UnderLock> under_lock = std::make_shared<UnderLock>();
};

// Makes the plan. It may be asked a second time.
using Planner = std::function<Result<Change>(const Now& now, const Means& means)>;

// What a plan was made from may change while somebody reads it: a machine comes to life, or is switched on. So it is
// planned anew under the lock, right before the description is written, and refused when it would be another plan.
Result<Change> plan_with_second_look(const Now& now, const Means& means, const Planner& planner);

// --- pando node add ------------------------------------------------------------------------------------------------
Result<Change> plan_addition(const Now& now, const Means& means, const std::vector<Wanted>& wanted);

// Was the node added by this very command, bound to a machine that waited? It runs, or waits as long as it has not
// noticed, or is named by `which` (nodes/waiting.h).
bool was_added(const Now& now, const std::string& node, const std::string& which);

// --- pando node replace, restore -----------------------------------------------------------------------------------
struct Replacement {
    std::string node;
    config::Binding binding;              // MACs of NICs that are not named stay
    config::OptionChanges fence_options;  // of the first fence device
    std::string confirmed_off;            // the operator's word that the old machine is off; empty: none
    std::string boot;       // boot id of the machine that waits to become the node; empty: it is not there
    bool restores = false;  // it takes the last replacement back
};
// `proof`: what the node's fence devices say now.
Result<Change> plan_replacement(const Now& now, const Means& means, const Replacement& wanted, const Proof& proof);

// Was a machine that waited bound to the node by this very command (`which` as nodes/waiting.h has it)? So it is when
// it names the machine that is bound, and when the one that was bound runs, or waits as long as it has not noticed.
Result<bool> was_bound(const Now& now, const Means& means, const config::Node& node, const std::string& which);

// What the node was before the last replacement. Refused when it has been bound otherwise since. Given again after it
// was restored: what it is.
Result<Replacement> what_to_restore(const Now& now, const Means& means, const std::string& node);

// --- pando node remove ---------------------------------------------------------------------------------------------
struct Removal {
    std::vector<std::string> nodes;
    bool stop = false;          // those that run are switched off; only their fence device's word counts then
    std::string confirmed_off;  // as above
    // Whose machines were switched off by this very command. The fencing of a member that is gone switches its machine
    // on again: it joins by the description that it reads then, and is no part of it.
    std::shared_ptr<std::set<std::string>> stopped = std::make_shared<std::set<std::string>>();
};
Result<Change> plan_removal(const Now& now, const Means& means, const Removal& wanted,
                            const std::map<std::string, Proof>& proofs);

// --- pando node rename ---------------------------------------------------------------------------------------------
Result<Change> plan_renaming(const Now& now, const Means& means, const std::string& node, const std::string& name);

// --- what they have in common --------------------------------------------------------------------------------------
// The node's entry; the error names those there are.
Result<const config::Node*> node_of(const Now& now, const std::string& name);

// Puts `change.after` on the LUN, and has all nodes go by it.
void add_publication(Change& change, const Means& means, const config::Bundle& seen, const std::string& command);

// A fence device that two nodes share would switch off the wrong one: the same agent at the same address and plug.
Result<> refuse_shared_fence_device(const std::string& yaml, const std::string& node);

// Asks the node's first fence device by its options in `yaml`: a wrong address or password is found now, not when the
// node must be fenced. Refused when it does not answer.
Result<> require_fence_answer(const std::string& yaml, const std::string& node, const Means& means);

// The claim that a machine had on the node before, so that the next one is not taken for its twin.
void add_claim_clearing(Change& change, const Means& means, const Now& now, const config::Node& node);

// May the machine run? It is looked at again before it is switched off.
enum class Running { refuse, allow };

// By the proof: nothing when it is off; it is switched off when it is on; refused when nobody can tell and the operator
// does not either. `stopped`, when given, has the node's name once that was done.
Result<> add_switching_off(Change& change, const Means& means, const config::Node& node, const Proof& proof,
                           const std::string& confirmed_off, Running running = Running::refuse,
                           const std::shared_ptr<std::set<std::string>>& stopped = nullptr);

}  // namespace pando::nodes
