// SPDX-License-Identifier: GPL-2.0-or-later
#include "nodes/off.h"

#include "config/fence_agent.h"
#include "config/sbd.h"
#include "fencing/answer.h"

#include <algorithm>

namespace pando::nodes {

std::string Proof::text() const {
    if (answers.empty()) return "it has no fence device that can tell, as sbd's cannot";
    std::vector<std::string> parts;
    for (const auto& answer : answers) parts.push_back(answer.device + ": " + answer.says);
    return fmt::format("{}", fmt::join(parts, "; "));
}

namespace {

// Of all nodes this one only, with the devices that can prove something: sbd's slot without a message is of a node that
// nobody has fenced so, whether it runs or not, and one with a message of a node that may never read it.
config::Cluster alone(const config::Node& node) {
    config::Cluster cluster;
    cluster.nodes = {node};
    return config::without_sbd(std::move(cluster));
}

}  // namespace

Verdict judge(const std::vector<fencing::FenceAnswer>& answers) {
    const auto first = std::find_if(answers.begin(), answers.end(),
                                    [](const fencing::FenceAnswer& answer) { return answer.answered; });
    if (first == answers.end()) return Verdict::unknown;
    return first->says == "off" ? Verdict::off : Verdict::on;
}

Result<> refuse_if_alive(const Now& now, const config::Node& node, std::string_view what) {
    if (now.is_member(node))
        return bad_input("node {} is up, a member of the cluster: it cannot be {}", node.name, what)
            .advise(fmt::format("shut it down first (ssh {} poweroff), then give the command again", node.name));
    if (!now.beats(node)) return {};
    const auto* claim = now.claim_of(node);
    return bad_input(
               "node {}: a machine runs as it and says so on the LUN every second, though it is no member of the "
               "cluster ({}): it cannot be {}",
               node.name, claim->state == config::ClaimState::booting ? "it boots" : "it lost the cluster", what)
        .advise(fmt::format("look at its console, then switch it off: its fence device is named by pando node show {}",
                            node.name));
}

Proof ask_whether_off(const config::Node& node, const fencing::Runner& agents, Deadline deadline) {
    Proof proof;
    proof.answers = fencing::ask_fence_devices(alone(node), agents, deadline);
    proof.verdict = judge(proof.answers);
    return proof;
}

Result<std::string> fence_off(const config::Node& node, const fencing::Runner& agents, Milliseconds limit) {
    std::string trouble;
    const config::Cluster cluster = alone(node);
    for (const config::FenceDevice& device : cluster.nodes.front().fence) {
        const auto deadline = Deadline::after(limit);
        const auto off = agents({device.agent}, config::agent_input(device, "off"), deadline);
        const auto state =
            fencing::power_state(device.agent, agents({device.agent}, config::agent_input(device, "status"), deadline));
        // Both: what it failed to do it may be doing still, and who says off to everything is no proof.
        if (off && off->ok() && state && *state == "off") return device.name;
        const std::string why = !off         ? off.error().what
                                : !off->ok() ? off->last_words()
                                : !state     ? state.error().what
                                             : "it said that it did, and the machine is on";
        trouble += fmt::format("{}{}: {}", trouble.empty() ? "" : "; ", device.name, why);
    }
    if (trouble.empty()) trouble = "it has no fence device that tells whether it is off; sbd's cannot";
    return fail("node {} could not be switched off: {}", node.name, trouble)
        .advise("switch it off by hand, and see that it stays off; then --confirm-off \"REASON\"");
}

Result<> switch_on(const config::Node& node, const fencing::Runner& agents, Milliseconds limit) {
    std::string trouble;
    bool on = false;
    const config::Cluster cluster = alone(node);
    for (const config::FenceDevice& device : cluster.nodes.front().fence) {
        const auto deadline = Deadline::after(limit);
        const auto told = agents({device.agent}, config::agent_input(device, "on"), deadline);
        const auto state =
            fencing::power_state(device.agent, agents({device.agent}, config::agent_input(device, "status"), deadline));
        if (told && told->ok() && state && *state == "on") {
            on = true;
            continue;
        }
        const std::string why = !told         ? told.error().what
                                : !told->ok() ? told->last_words()
                                : !state      ? state.error().what
                                              : "it said that it did, and the machine is off";
        trouble += fmt::format("{}{}: {}", trouble.empty() ? "" : "; ", device.name, why);
    }
    if (on) return {};
    if (trouble.empty()) trouble = "it has no fence device that could; sbd's cannot";
    return fail("node {} could not be switched on: {}", node.name, trouble).advise("switch it on by hand");
}

}  // namespace pando::nodes
