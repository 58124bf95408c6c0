// SPDX-License-Identifier: GPL-2.0-or-later
// What the commands that change nodes have in common: the cluster as it is, the diff, the question, the steps.
//
//   return change_nodes(options, [&](const Now& now, const Means& means) { return plan_addition(now, means, wanted);
//   });
#pragma once

#include "nodes/change.h"

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>

namespace pando::cli {

struct NodeChangeOptions {
    bool dry_run = false;
    bool yes = false;
};
void add_options(CLI::App& app, NodeChangeOptions& options);

struct ClusterNow {
    std::unique_ptr<Store> store;
    nodes::Now now;
};
// From the LUN and corosync; this machine must be a node that is up.
Result<ClusterNow> read_cluster_now();

// Shows the change of cluster.yaml and the steps, asks, and does it. The status is 1 when nodes are late to go by it.
Result<int> change_nodes(const NodeChangeOptions& options, const nodes::Planner& planner);

// OPTION=VALUE, each; VALUE @FILE is the line in the file, @- that on the input: passwords stay out of `ps`.
using FenceOptions = std::map<std::string, std::string>;
Result<FenceOptions> parse_fence_options(const std::vector<std::string>& texts);

// The machine that waits and is meant by `which`. `boot` remembers it: a number in a list that shifts means the same
// machine when it is planned anew.
Result<config::Pending> choose_once(const nodes::Now& now, const std::string& which, std::string& boot);

// "uuid=…,serial=…,asset=…,mac=lan0:aa:bb:…,mac=…" as keys of cluster.yaml: machine and nics.
Result<config::NodeText> parse_machine(const std::string& text);

// A machine that waits, as such keys.
config::NodeText keys_of(const config::MachineRecord& machine);

}  // namespace pando::cli
