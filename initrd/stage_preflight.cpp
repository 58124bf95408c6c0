// SPDX-License-Identifier: GPL-2.0-or-later
// Stage preflight: what must be true before this node may join. cluster.yaml was checked when it was loaded (a device
// for every node, no agent that does nothing); the superblock was when the root was found. Here the devices answer, and
// those of this node say that it runs.
#include "base/log.h"
#include "initrd/ahead.h"
#include "initrd/background.h"
#include "initrd/boot.h"
#include "initrd/gfs2_journals.h"
#include "initrd/stage_functions.h"

#include <fmt/ranges.h>

namespace pando::initrd {

namespace {

// Short of one, whoever comes last cannot mount. Not refused: a node that is up is needed to add them.
Result<> say_journals(const Boot& boot) {
    const auto root = TRY(open_store(boot.root_device));
    const uint32_t journals = TRY(journals_on(*root));
    const size_t nodes = boot.cluster->nodes.size();
    if (journals < nodes)
        log::warning(
            "preflight: the root has {} journals, the cluster {} nodes: {} of them cannot mount at the same "
            "time; on a node that is up: gfs2_jadd -j {} /",
            journals, nodes, nodes - journals, nodes - journals);
    return {};
}

}  // namespace

Result<std::string> run_preflight(Boot& boot, Deadline deadline) {
    // A second try asks again; the first was begun when the network came up.
    const bool asked_before = boot.fence_answers.valid() && boot.timeline.stages.back().attempt == 1;
    if (!asked_before) begin_fence_check(boot);
    const auto& answers = *TRY(collect(boot.fence_answers, deadline, "asking the fence devices"));

    const auto verdict = judge_fence_answers(answers, boot.node().name);
    for (const std::string& line : verdict.unheard)
        log::warning(
            "preflight: {}; the other nodes ask it at their boots (a BMC that shares a port with its host does "
            "not answer that)",
            line);
    if (!verdict.strange.empty())
        return fail("this machine runs, and its own fence devices say that it does not:\n  {}",
                    fmt::join(verdict.strange, "\n  "))
            .advise(
                "it is the device of another machine: the others would fence that one, be told \"off\", and go on "
                "while "
                "this one writes. Compare the device's address with this machine's BMC, and mend cluster.yaml");
    if (!verdict.silent.empty())
        return fail("fence devices do not answer:\n  {}", fmt::join(verdict.silent, "\n  "))
            .advise(
                "without fencing the first death freezes every node; check address, user, password and cable of the "
                "device");
    TRY(say_journals(boot));
    std::string states;
    for (const FenceAnswer& answer : answers)
        if (answer.answered) states += fmt::format("{}{} {}", states.empty() ? "" : ", ", answer.device, answer.says);
    return "fence devices answer: " + states;
}

}  // namespace pando::initrd
