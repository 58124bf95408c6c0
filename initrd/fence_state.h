// SPDX-License-Identifier: GPL-2.0-or-later
// Fencing as a node's state has it: when every device was last tested, and who waits to be fenced. Read from the
// chroot's memory and from dlm_controld, so that it answers while the root is frozen.
#pragma once

#include "fencing/agent.h"
#include "fencing/device_tests.h"
#include "fencing/dlm.h"

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

namespace pando::initrd {

struct WaitsForFencing {
    fencing::Waiting waiting;
    std::string node;
    std::optional<fencing::Failing> failing;  // what this node's own tries came to
};

struct FenceState {
    std::vector<fencing::DeviceTest> tests;
    std::vector<WaitsForFencing> waiting;
};

// What cannot be read is not there: who does not answer is a fault of its own.
FenceState read_fence_state();

// `here`: the node's own name.
void add_fence_faults(const FenceState& state, const std::string& here, std::vector<std::string>& faults);

std::string to_text(const FenceState& state);  // "n2-bmc ok 3 min ago, …"; empty: nothing was tested
nlohmann::json to_json(const FenceState& state);

}  // namespace pando::initrd
