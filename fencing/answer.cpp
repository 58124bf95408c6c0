// SPDX-License-Identifier: GPL-2.0-or-later
#include "fencing/answer.h"

#include "config/fence_agent.h"

namespace pando::fencing {

Result<std::string> power_state(const std::string& agent, const Result<Finished>& status) {
    if (!status) return Failure(status.error());
    if (status->status == config::agent_says_on) return std::string("on");
    if (status->status == config::agent_says_off) return std::string("off");
    return fail("{} ended with status {}: {}", agent, status->status, status->last_words());
}

}  // namespace pando::fencing
