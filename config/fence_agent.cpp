// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/fence_agent.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>

namespace pando::config {

bool cuts_storage(std::string_view agent) {
    // Those of Debian's agents whose metadata says "fabric_fencing".
    static constexpr std::array<std::string_view, 6> agents = {"fence_brocade", "fence_cisco_mds", "fence_ifmib",
                                                               "fence_mpath",   "fence_sanbox2",   "fence_scsi"};
    return std::find(agents.begin(), agents.end(), agent) != agents.end();
}

std::string agent_input(const FenceDevice& device, std::string_view action) {
    std::string input;
    for (const auto& [key, value] : device.options) input += key + "=" + value + "\n";
    return input + fmt::format("action={}\n", action);
}

}  // namespace pando::config
