// SPDX-License-Identifier: GPL-2.0-or-later
// Writing them is pando-boot's: apart from read_devices.cpp, as the chroot carries no more than it needs.
#include "fencing/device_files.h"

#include "base/file.h"
#include "base/sysroot.h"
#include "chroot-builder/agents.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace pando::fencing {
namespace fs = std::filesystem;

namespace {

Result<nlohmann::json> device_json(const Sysroot& tree, const config::Node& node, const config::FenceDevice& device) {
    const auto agent = chroot::find_agent(tree, device.agent);
    if (!agent)
        return fail("{} of node {}: {} is not in this node's chroot", device.name, node.name, device.agent)
            .advise(
                "build the image again for this description (pando image build) and reboot the nodes in "
                "turn, before a node gets a device of that kind");
    return nlohmann::json{{"name", device.name},
                          {"agent", agent->string()},
                          {"options", device.options},
                          {"attempts", device.attempts},
                          {"timeout_ms", device.timeout.count()},
                          {"delay_ms", device.delay.count()},
                          {"unfence", device.unfence}};
}

}  // namespace

Result<> write_fence_files(const config::Cluster& cluster, const fs::path& chroot) {
    const auto tree = TRY(Sysroot::open(chroot));
    std::vector<std::string> ids;
    for (const config::Node& node : cluster.nodes) {
        nlohmann::json devices = nlohmann::json::array();
        for (const config::FenceDevice& device : node.fence) devices.push_back(TRY(device_json(tree, node, device)));
        const fs::path file = fence_file(chroot, node.id);
        TRY(make_directories(file.parent_path(), 0700));
        TRY(write_file_atomic(file, nlohmann::json{{"node", node.name}, {"devices", devices}}.dump(), 0600));
        ids.push_back(file.filename());
    }
    const fs::path directory = fence_file(chroot, 0).parent_path();
    for (const std::string& name : TRY(list_directory(directory)))
        if (std::find(ids.begin(), ids.end(), name) == ids.end()) TRY(remove_tree(directory / name));
    return {};
}

}  // namespace pando::fencing
