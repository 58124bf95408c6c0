// SPDX-License-Identifier: GPL-2.0-or-later
// Every node's fence devices in the chroot, one JSON file a node id, for root alone: passwords are in it. They are
// written by the boot and again when the description changes, and read at the moment of a fencing.
//
//   const FencedNode node = TRY(read_node_devices("/", 2));
#pragma once

#include "base/result.h"
#include "config/cluster.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace pando::fencing {

struct FencedNode {
    uint32_t id = 0;
    std::string name;
    std::vector<config::FenceDevice> devices;  // the agent as the path it has in the chroot
};

// The chroot as this process sees it: "/" inside it, its place on a booted node.
std::filesystem::path chroot_seen_from_here();

std::filesystem::path fence_file(const std::filesystem::path& chroot, uint32_t id);

// Those of every node; files of other ids go. An agent that the chroot does not have is an error.
Result<> write_fence_files(const config::Cluster& cluster, const std::filesystem::path& chroot);

Result<FencedNode> read_node_devices(const std::filesystem::path& chroot, uint32_t id);
Result<std::vector<FencedNode>> read_all_devices(const std::filesystem::path& chroot);  // by id
// By name; the error names those there are.
Result<FencedNode> find_node_devices(const std::filesystem::path& chroot, const std::string& name);

}  // namespace pando::fencing
