// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/fence_check.h"

#include "config/render.h"
#include "initrd/fence_answer.h"

#include <future>

namespace pando::initrd {
namespace {

FenceAnswer ask(const config::Node& node, const config::FenceDevice& device, const Runner& run, Deadline deadline) {
    const auto state = power_state(device.agent, run({device.agent}, config::agent_input(device, "status"), deadline));
    return {node.name, device.name, state.has_value(), state ? *state : state.error().what};
}

}  // namespace

std::vector<FenceAnswer> ask_fence_devices(const config::Cluster& cluster, const std::string& self, const Runner& run,
                                           Deadline deadline) {
    std::vector<std::future<FenceAnswer>> asked;
    for (const auto& node : cluster.nodes) {
        if (node.name == self) continue;
        for (const auto& device : node.fence)
            asked.push_back(std::async(std::launch::async, [&] { return ask(node, device, run, deadline); }));
    }
    std::vector<FenceAnswer> answers;
    for (auto& answer : asked) answers.push_back(answer.get());
    return answers;
}

}  // namespace pando::initrd
