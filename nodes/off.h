// SPDX-License-Identifier: GPL-2.0-or-later
// Is a node's machine off? Nobody else may become that node before: two machines with one identity destroy the root.
//
//   const auto proof = TRY(ask_whether_off(now, node, agents, Deadline::after(minutes(1))));
//   if (proof.verdict == Verdict::on) TRY(fence_off(node, agents));
#pragma once

#include "fencing/ask.h"
#include "nodes/now.h"

#include <string>
#include <vector>

namespace pando::nodes {

constexpr Milliseconds agent_limit{60000};  // for each device of a node: a blade's BMC takes its time to switch off

enum class Verdict {
    off,      // the first fence device that answers says so
    on,       // it says on, whatever the others say: of two outlets one may be off
    unknown,  // none answers
};

struct Proof {
    Verdict verdict = Verdict::unknown;
    std::vector<fencing::FenceAnswer> answers;
    std::string text() const;  // "n2-ipmilan: off; n2-pdu: no route to host"
};

Verdict judge(const std::vector<fencing::FenceAnswer>& answers);

// Refused: a member of the cluster, and a machine that writes its claim on. Nobody is fenced by mistake who lives.
Result<> refuse_if_alive(const Now& now, const config::Node& node, std::string_view what);

// Every device of the node that can tell, all at once: a message to sbd proves nothing.
Proof ask_whether_off(const config::Node& node, const fencing::Runner& agents, Deadline deadline);

// Off, by those devices in their order, until one has done it and says so itself. Each has `limit`: one that hangs
// takes nothing from the next.
Result<std::string> fence_off(const config::Node& node, const fencing::Runner& agents,
                              Milliseconds limit = agent_limit);

// On, by all of those devices: of two outlets both must be. Error: none of them did it, or none says so.
Result<> switch_on(const config::Node& node, const fencing::Runner& agents, Milliseconds limit = agent_limit);

}  // namespace pando::nodes
