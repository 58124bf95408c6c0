// SPDX-License-Identifier: GPL-2.0-or-later
// What dlm_controld waits for, and a person's word to it. It answers from its own thread while it fences, and asks the
// root nothing.
//
//   for (const Waiting& one : parse_dlm_status(text)) …
#pragma once

#include "base/deadline.h"
#include "base/process.h"
#include "base/result.h"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace pando::fencing {

// A node that must be fenced before the others go on.
struct Waiting {
    uint32_t id = 0;
    bool startup = false;  // it was never seen since the cluster started
    bool delayed = false;  // by post_join_delay, or another fencing
    uint32_t actor = 0;    // the node that fences it now, or did at last; 0: none yet
    int64_t since = 0;     // when it failed, seconds since 1970; 0: unknown
};

// The text of `dlm_tool status`.
std::vector<Waiting> parse_dlm_status(std::string_view text);

// Runs a program where dlm_controld lives.
using Inside = std::function<Result<Finished>(const std::vector<std::string>& argv, Deadline)>;

Result<std::vector<Waiting>> who_is_waited_for(const Inside& inside, Deadline deadline);

// Tells dlm_controld that the node is off, and waits until it waits for it no more. An agent that fences the node is
// ended by dlm_controld then. Never of a node that may run.
Result<> acknowledge(const Inside& inside, uint32_t id, Deadline deadline);

}  // namespace pando::fencing
