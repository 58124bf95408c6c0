// SPDX-License-Identifier: GPL-2.0-or-later
// How a fence agent is spoken to: what it reads, what its status means. Apart from the rendering of files, as who
// fences lives in memory and carries no more than this.
#pragma once

#include "config/cluster.h"

#include <string>
#include <string_view>

namespace pando::config {

// dlm_controld's one device a node id, whose agent looks up the node's real ones (fencing/agent.h).
constexpr const char* fence_agent = "fence_pando";

// What an agent is given on its standard input: one option a line.
std::string agent_input(const FenceDevice& device, std::string_view action);

// Does the agent cut a node off from its storage, and leave its power on?
bool cuts_storage(std::string_view agent);

// What an agent's `status` ends with; anything else is no answer.
constexpr int agent_says_on = 0;
constexpr int agent_says_off = 2;

}  // namespace pando::config
