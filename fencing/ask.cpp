// SPDX-License-Identifier: GPL-2.0-or-later
#include "fencing/ask.h"

#include "config/fence_agent.h"
#include "fencing/answer.h"

#include <future>

namespace pando::fencing {
namespace {

FenceAnswer ask(const config::Node& node, const config::FenceDevice& device, const Runner& run, Deadline deadline) {
    const auto state = power_state(device.agent, run({device.agent}, config::agent_input(device, "status"), deadline));
    return {node.name, device.name, state.has_value(), state ? *state : state.error().what, device.unfence};
}

}  // namespace

std::vector<FenceAnswer> ask_fence_devices(const config::Cluster& cluster, const Runner& run, Deadline deadline) {
    std::vector<std::future<FenceAnswer>> asked;
    for (const auto& node : cluster.nodes) {
        for (const auto& device : node.fence)
            asked.push_back(std::async(std::launch::async, [&] { return ask(node, device, run, deadline); }));
    }
    std::vector<FenceAnswer> answers;
    for (auto& answer : asked) answers.push_back(answer.get());
    return answers;
}

FenceVerdict judge_fence_answers(const std::vector<FenceAnswer>& answers, const std::string& self,
                                 const ExcusedNodes& excused) {
    FenceVerdict verdict;
    std::set<std::string> on;
    for (const FenceAnswer& answer : answers)
        if (answer.answered && answer.says == "on") on.insert(answer.node);
    const auto list_for = [&](const std::string& node) -> std::vector<std::string>& {
        if (node == self) return verdict.unheard;
        if (excused.unracked.contains(node)) return verdict.unracked;
        return excused.said_off.contains(node) && !on.contains(node) ? verdict.said_off : verdict.silent;
    };
    for (const FenceAnswer& answer : answers) {
        const std::string line = fmt::format("{} of node {}: {}", answer.device, answer.node, answer.says);
        if (!answer.answered) list_for(answer.node).push_back(line);
        if (answer.node == self && answer.answered && answer.says == "off" && !answer.unfence)
            verdict.strange.push_back(line);
    }
    return verdict;
}

}  // namespace pando::fencing
