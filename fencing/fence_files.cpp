// SPDX-License-Identifier: GPL-2.0-or-later
// Writing them is pando-boot's: apart from fence_node.cpp, which lives in the chroot and carries no more than it needs.
#include "base/file.h"
#include "base/sysroot.h"
#include "chroot-builder/agents.h"
#include "fencing/fence_node.h"

#include <nlohmann/json.hpp>

namespace pando::fencing {
namespace fs = std::filesystem;

Result<> write_fence_files(const config::Cluster& cluster, const fs::path& chroot) {
    const auto tree = TRY(Sysroot::open(chroot));
    std::vector<std::string> ids;
    for (const config::Node& node : cluster.nodes) {
        nlohmann::json devices = nlohmann::json::array();
        for (const config::FenceDevice& device : node.fence) {
            const auto agent = chroot::find_agent(tree, device.agent);
            if (!agent)
                return fail("{} of node {}: {} is not in this node's chroot", device.name, node.name, device.agent)
                    .advise(
                        "build the image again for this description (pando image build) and reboot the nodes in "
                        "turn, before a node gets a device of that kind");
            devices.push_back({{"name", device.name}, {"agent", agent->string()}, {"options", device.options}});
        }
        const fs::path file = fence_file(chroot, node.id);
        TRY(make_directories(file.parent_path(), 0700));
        TRY(write_file_atomic(file, devices.dump(), 0600));
        ids.push_back(file.filename());
    }
    const fs::path directory = fence_file(chroot, 0).parent_path();
    for (const std::string& name : TRY(list_directory(directory)))
        if (std::find(ids.begin(), ids.end(), name) == ids.end()) TRY(remove_tree(directory / name));
    return {};
}

}  // namespace pando::fencing
