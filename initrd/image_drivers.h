// SPDX-License-Identifier: GPL-2.0-or-later
// Which drivers an image carries: those every boot needs, those the nodes name (drivers:), and those of machines whose
// inventory was recorded, by `pando hw probe --json` or by the boots of the nodes themselves.
//
//   const auto machines = TRY(recorded_machines(tree, cluster, options.machines));
//   const auto chosen = TRY(known_drivers(cluster, machines, TRY(hwdetect::modules_of_kernel(modules))));
#pragma once

#include "base/result.h"
#include "base/sysroot.h"
#include "config/cluster.h"
#include "hwdetect/known_machine.h"

#include <filesystem>
#include <string>
#include <vector>

namespace pando::initrd {

struct RecordedMachine {
    std::string name;       // of the file, or "node n1's last boot"
    std::string node;       // in whose tree it was; empty: a file that somebody named
    std::string inventory;  // JSON
};

// Those in the nodes' trees of a shared root, then the files. A tree without one is passed over.
Result<std::vector<RecordedMachine>> recorded_machines(const Sysroot& root, const config::Cluster& cluster,
                                                       const std::vector<std::filesystem::path>& files);

struct KnownDrivers {
    std::vector<std::string> drivers;  // sorted, each once
    std::vector<std::string> remarks;  // what a machine has no driver for, nodes of which nothing is known
};

// Error: a node that names no driver and has left no inventory, unless somebody named files, which may be its.
Result<KnownDrivers> known_drivers(const config::Cluster& cluster, const std::vector<RecordedMachine>& machines,
                                   const hwdetect::ModulesFor& modules_for);

// All of a kernel that are for storage, network, watchdogs or BMCs, and keyboards. `modules`: lib/modules/VERSION.
Result<std::vector<std::string>> all_drivers(const std::filesystem::path& modules);

// Those of the filesystems on which a chroot may be kept, when any node's is to be kept on a disk.
std::vector<std::string> disk_drivers(const config::Cluster& cluster);

}  // namespace pando::initrd
