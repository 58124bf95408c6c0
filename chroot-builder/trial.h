// SPDX-License-Identifier: GPL-2.0-or-later
// What can be tried with a chroot without changing anything: each daemon tells its version, each agent its metadata,
// and each fence device its state.
#pragma once

#include "base/deadline.h"
#include "chroot-builder/manifest.h"
#include "config/cluster.h"

#include <string>
#include <vector>

namespace pando::chroot {

struct Trial {
    std::string name;               // "corosync -v", "fence_ipmilan: status of n2 by bmc"
    std::vector<std::string> argv;  // argv[0]: a path in the chroot
    std::string input;              // holds passwords
    std::vector<int> good = {0};    // exit statuses
    std::string expected;           // part of what it says; empty: anything
    Milliseconds limit{30000};
};

enum class Devices { ask, leave_alone };

struct Trials {
    std::vector<Trial> all;
    std::vector<std::string> untried;  // programs that nobody knows a harmless way to start
};
// For the programs and agents that were asked for by name. `configured`: the daemons' configuration is in the chroot.
Trials trials_for(const Manifest& manifest, const config::Cluster& cluster, Devices devices, bool configured);

}  // namespace pando::chroot
