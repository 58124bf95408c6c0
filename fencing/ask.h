// SPDX-License-Identifier: GPL-2.0-or-later
// Asking fence devices for the state of their node, with the agent and the options that a fencing would use.
#pragma once

#include "base/deadline.h"
#include "base/process.h"
#include "base/result.h"
#include "config/cluster.h"

#include <functional>
#include <set>
#include <string>
#include <vector>

namespace pando::fencing {

struct FenceAnswer {
    std::string node;
    std::string device;
    bool answered = false;
    std::string says;      // "on", "off", or what went wrong
    bool unfence = false;  // what it cut off is given back by the join, and may be "off" before
};

// How a program is run: on the initramfs, or inside the chroot.
using Runner =
    std::function<Result<Finished>(const std::vector<std::string>& argv, const std::string& input, Deadline)>;

// Every device of every node, all at once: those this node would fence with, and its own, of which it alone knows the
// right answer.
std::vector<FenceAnswer> ask_fence_devices(const config::Cluster& cluster, const Runner& run, Deadline deadline);

// What the answers mean to a node that runs. Lines for a console, "n2-bmc of node n2: no route to host".
struct FenceVerdict {
    std::vector<std::string> silent;    // devices of others: nobody here could fence with them
    std::vector<std::string> strange;   // devices of our own that say we are off: another machine would be hit
    std::vector<std::string> unheard;   // devices of our own; BMCs that share the host's port do not answer their host
    std::vector<std::string> unracked;  // silent ones of nodes that no machine ever ran as
    std::vector<std::string> said_off;  // silent ones of nodes of which a person says that they are off
};
// One node must not keep all others from booting.
struct ExcusedNodes {
    std::set<std::string> unracked;  // described in a cluster that runs, and never up: nobody has to fence them now
    std::set<std::string> said_off;  // a person's word; it counts for nothing where a device says "on"
};
FenceVerdict judge_fence_answers(const std::vector<FenceAnswer>& answers, const std::string& self,
                                 const ExcusedNodes& excused = {});

}  // namespace pando::fencing
