// SPDX-License-Identifier: GPL-2.0-or-later
// Stage preflight: what must be true before this node may join. cluster.yaml was checked when it was loaded (a device
// for every node, no agent that does nothing); the superblock was when the root was found. Here the devices answer.
#include "initrd/ahead.h"
#include "initrd/background.h"
#include "initrd/boot.h"
#include "initrd/stage_functions.h"

namespace pando::initrd {

Result<std::string> run_preflight(Boot& boot, Deadline deadline) {
    // A second try asks again; the first was begun when the network came up.
    const bool asked_before = boot.fence_answers.valid() && boot.timeline.stages.back().attempt == 1;
    if (!asked_before) begin_fence_check(boot);
    const auto& answers = *TRY(collect(boot.fence_answers, deadline, "asking the fence devices"));

    std::string silent;
    std::string states;
    for (const FenceAnswer& answer : answers) {
        if (!answer.answered) silent += fmt::format("\n  {} of node {}: {}", answer.device, answer.node, answer.says);
        states += fmt::format("{}{} {}", states.empty() ? "" : ", ", answer.device, answer.says);
    }
    if (!silent.empty()) {
        return fail("fence devices do not answer:{}", silent)
            .advise(
                "without fencing the first death freezes every node; check address, user, password and cable of the "
                "device");
    }
    return "fence devices answer: " + states;
}

}  // namespace pando::initrd
