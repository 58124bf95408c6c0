// SPDX-License-Identifier: GPL-2.0-or-later
// Stage preflight: what must be true before this node may join. cluster.yaml was checked when it was loaded (a device
// for every node, no agent that does nothing); the superblock was when the root was found. Here the devices answer, and
// those of this node say that it runs.
#include "base/log.h"
#include "chroot-builder/residence.h"
#include "fencing/device_tests.h"
#include "initrd/ahead.h"
#include "initrd/background.h"
#include "initrd/boot.h"
#include "initrd/boot_control.h"
#include "initrd/bundle_disk.h"
#include "initrd/cluster_link.h"
#include "initrd/gfs2_journals.h"
#include "initrd/peers.h"
#include "initrd/preflight_override.h"
#include "initrd/stage_functions.h"

#include <fmt/ranges.h>
#include <ctime>
#include <set>

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

// By a person at this machine, whose word a machine that beats outweighs.
std::set<std::string> said_off(const Peers& peers) {
    auto said = nodes_said_off();
    for (const config::Node& node : peers.alive)
        if (said.erase(node.name) != 0)
            log::warning("preflight: {} is said to be off, and a machine runs as it: that is not believed", node.name);
    std::set<std::string> names;
    for (const auto& [name, reason] : said) {
        log::warning("preflight: a person says at this machine that {} is off: {}", name, reason);
        names.insert(name);
    }
    return names;
}

// Do packets of full size reach them, and what time is it there?
Result<> check_peers(const Boot& boot, const Peers& peers, Deadline deadline) {
    for (const std::string& line : check_clocks(peers.beats, std::time(nullptr)))
        log::warning("preflight: {}; set it in the firmware or by NTP: dates of files and certificates go by it", line);
    const auto troubles = check_cluster_link(boot.node(), peers.alive, deadline);
    if (troubles.empty()) return {};
    return fail("packets of the cluster link's full size do not get through:\n  {}", fmt::join(troubles, "\n  "))
        .advise("the locks of the root would hang: give the switches that MTU, or the node's NIC a smaller one (mtu:)");
}

}  // namespace

Result<std::string> run_preflight(Boot& boot, Deadline deadline) {
    // A second try asks again; the first was begun when the network came up.
    const bool asked_before = boot.fence_answers.valid() && boot.timeline.stages.back().attempt == 1;
    if (!asked_before) begin_fence_check(boot);
    // Meanwhile: its second and a half is not the boot's.
    const auto looking = begin(
        [cluster = *boot.cluster, generation = boot.bundle->generation, self = boot.node().name]() -> Result<Peers> {
            const auto store = TRY(open_store(TRY(find_bundle_partition(cluster.storage))));
            return look_at_peers(*store, cluster, generation, self);
        });
    std::string devices;
    for (const config::Node& node : boot.cluster->nodes)
        for (const config::FenceDevice& device : node.fence) devices += (devices.empty() ? "" : ", ") + device.name;
    waiting_for("answers of the fence devices " + devices);
    const auto& answers = *TRY(collect(boot.fence_answers, deadline, "asking the fence devices"));

    // So that a node that has just booted knows how old the last good test is. Nobody is a member yet.
    if (const auto kept = fencing::record_tests(chroot::chroot_path, answers, {}, boot.node().name, "boot"); !kept)
        log::warning("preflight: {}", kept.error().what);
    const auto& peers = *TRY(collect(looking, deadline, "looking for the other nodes on the LUN"));
    if (!peers) return Failure(peers.error());  // before the devices: an older description may name others
    const auto verdict = fencing::judge_fence_answers(answers, boot.node().name, {peers->never_ran, said_off(*peers)});
    for (const std::string& line : verdict.unracked)
        log::warning("preflight: {}; no machine ever ran as it, and before one does this has to answer", line);
    for (const std::string& line : verdict.said_off)
        log::warning("preflight: {}; passed over in this boot, as a person says that it is off", line);
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
                "device. When the node is off and its device as dead: pando-boot preflight --without NODE --reason "
                "TEXT");
    TRY(say_journals(boot));
    waiting_for("packets of full size over the cluster link");
    TRY(check_peers(boot, *peers, deadline));
    std::string states;
    for (const fencing::FenceAnswer& answer : answers)
        if (answer.answered) states += fmt::format("{}{} {}", states.empty() ? "" : ", ", answer.device, answer.says);
    return "fence devices answer: " + states;
}

}  // namespace pando::initrd
