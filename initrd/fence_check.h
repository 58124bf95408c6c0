// SPDX-License-Identifier: GPL-2.0-or-later
// Asking fence devices for the state of their node, with the agent and the options that a fencing would use.
#pragma once

#include "base/deadline.h"
#include "base/process.h"
#include "base/result.h"
#include "config/cluster.h"

#include <functional>
#include <string>
#include <vector>

namespace pando::initrd {

struct FenceAnswer {
    std::string node;
    std::string device;
    bool answered = false;
    std::string says;  // "on", "off", or what went wrong
};

// How a program is run: on the initramfs, or inside the chroot.
using Runner =
    std::function<Result<Finished>(const std::vector<std::string>& argv, const std::string& input, Deadline)>;

// Every device of every other node, all at once: those this node would fence with. Its own are asked by the others.
std::vector<FenceAnswer> ask_fence_devices(const config::Cluster& cluster, const std::string& self, const Runner& run,
                                           Deadline deadline);

}  // namespace pando::initrd
