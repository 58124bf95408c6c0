// SPDX-License-Identifier: GPL-2.0-or-later
// What a fence agent's `status` says of its device. Apart from the asking, for who knows no cluster.yaml.
#pragma once

#include "base/process.h"
#include "base/result.h"

#include <string>

namespace pando::fencing {

// "on" or "off"; else an error with what went wrong. `agent` is for messages.
Result<std::string> power_state(const std::string& agent, const Result<Finished>& status);

}  // namespace pando::fencing
