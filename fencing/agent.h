// SPDX-License-Identifier: GPL-2.0-or-later
// The one agent that dlm_controld knows (fence_pando): by the node's id it looks up that node's devices at the moment
// of the fencing, and goes through its levels. dlm_controld itself reads the devices of a node id once and never again
// (docs/decisions/0013): after a blade was replaced it would ask the old one's BMC, be told "off", and let two machines
// write.
#pragma once

#include "base/result.h"
#include "fencing/history.h"
#include "fencing/levels.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace pando::fencing {

// What dlm_controld gives on standard input: "node=2", and "action=on" when the node is to be unfenced.
struct FenceRequest {
    uint32_t id = 0;
    bool unfence = false;
};
Result<FenceRequest> parse_fence_request(std::string_view input);

// Who asks, for the history.
struct Asker {
    std::string here;    // the node we are on
    std::string by;      // dlm_controld, "root on n1"
    std::string reason;  // a person's
};

// Fences by the levels, and records it. `then` is called between the proof and the power: what must not wait for it.
// The error tells what every device said at last.
Result<Record> fence_node(const std::filesystem::path& chroot, const FencedNode& node, const Asker& asker,
                          const LevelOptions& options, const std::function<void(const CutOff&)>& then);

// The node's power again after it was cut off, where the way was to cycle it. That it fails is a warning, and recorded.
Result<> power_again(const std::filesystem::path& chroot, const FencedNode& node, const Asker& asker,
                     const CutOff& cut);

// A fencing that failed goes on failing: dlm_controld asks every node in turn, again and again. How it stands.
struct Failing {
    uint32_t id = 0;
    uint32_t rounds = 0;
    std::string says;
};
std::optional<Failing> read_failing(const std::filesystem::path& chroot, uint32_t id);
void forget_failing(const std::filesystem::path& chroot, uint32_t id);  // somebody else ended it

// As the program that dlm_controld runs; what it says goes to /var/log/fence.log, as dlm_controld drops it. The status.
int fence_main();

}  // namespace pando::fencing
