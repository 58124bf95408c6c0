// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/fence_check.h"

#include "config/render.h"

#include <future>

namespace pando::initrd {
namespace {

// Agents end status with 0 for on and 2 for off; anything else is no answer.
constexpr int status_on = 0;
constexpr int status_off = 2;

std::string last_line(const Finished& finished) {
    std::string text = finished.err.empty() ? finished.out : finished.err;
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
    return text.substr(text.rfind('\n') + 1);
}

FenceAnswer ask(const config::Node& node, const config::FenceDevice& device, const Runner& run, Deadline deadline) {
    FenceAnswer answer{node.name, device.name, false, {}};
    auto finished = run({device.agent}, config::agent_input(device, "status"), deadline);
    if (!finished) {
        answer.says = finished.error().what;
    } else if (finished->status == status_on || finished->status == status_off) {
        answer.answered = true;
        answer.says = finished->status == status_on ? "on" : "off";
    } else {
        answer.says = fmt::format("{} ended with status {}: {}", device.agent, finished->status, last_line(*finished));
    }
    return answer;
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
