// SPDX-License-Identifier: GPL-2.0-or-later
// The one agent that dlm_controld knows (fence_pando): by the node's id it looks up that node's devices at the moment
// of the fencing, and runs their agents in order until one succeeds. dlm_controld itself reads the devices of a node id
// once and never again (docs/decisions/0013): after a blade was replaced it would ask the old one's BMC, be told "off",
// and let two machines write.
#pragma once

#include "base/deadline.h"
#include "base/result.h"
#include "config/cluster.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace pando::fencing {

// A node's devices in the chroot, in their order: one JSON file a node id, for root alone. Passwords are in it.
std::filesystem::path fence_file(const std::filesystem::path& chroot, uint32_t id);

// Those of every node, each with its agent as the path it has in the chroot; files of other ids go. An agent that the
// chroot does not have is an error.
Result<> write_fence_files(const config::Cluster& cluster, const std::filesystem::path& chroot);

// What dlm_controld gives on standard input: "node=2", and "action=on" when it wants that.
struct FenceRequest {
    uint32_t id = 0;
    std::string action;  // empty: the agent's own, which is off and on again
};
Result<FenceRequest> parse_fence_request(std::string_view input);

// Fences. The error tells what every device said.
Result<> fence_node(const FenceRequest& request, const std::filesystem::path& chroot, Milliseconds each);

// As the program that dlm_controld runs; what it says goes to /var/log/fence.log, as dlm_controld drops it. The status.
int fence_main();

}  // namespace pando::fencing
