// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/fence_state.h"

#include "base/procfs.h"
#include "base/utc.h"
#include "chroot-builder/survival_namespace.h"
#include "fencing/history.h"

#include <nlohmann/json.hpp>

namespace pando::initrd {
namespace {

constexpr Milliseconds dlm_patience{3000};

// In the chroot also when we are not: the root's own dlm_tool may be out of reach.
Result<std::vector<fencing::Waiting>> ask_dlm() {
    const auto daemons = TRY(processes_named("@dlm_controld"));
    if (daemons.empty()) return fail("dlm_controld does not run");
    const auto survival = TRY(chroot::SurvivalNamespace::of(daemons.front()));
    const auto inside = [&](const std::vector<std::string>& argv, Deadline deadline) {
        return survival.run(argv, "", deadline);
    };
    return fencing::who_is_waited_for(inside, Deadline::after(dlm_patience));
}

std::string name_of(const std::vector<fencing::FencedNode>& nodes, uint32_t id) {
    for (const auto& node : nodes)
        if (node.id == id) return node.name;
    return fmt::format("id {}", id);
}

std::string fault_of(const WaitsForFencing& one) {
    std::string text = fmt::format("node {} waits to be fenced", one.node);
    if (one.waiting.since > 0) text += fmt::format(" since {}", utc(one.waiting.since));
    if (one.waiting.startup) text += ", as nobody has seen it since the cluster started";
    if (one.waiting.delayed) text += ", delayed (dlm.post_join_delay, or another fencing)";
    if (one.failing) text += fmt::format("; tried {} times here: {}", one.failing->rounds, one.failing->says);
    return text +
           fmt::format("; all nodes are frozen until then. When it is really off: pando fence confirm {}", one.node);
}

int64_t minutes_ago(Milliseconds then) {
    return std::chrono::duration_cast<std::chrono::minutes>(since_boot() - then).count();
}

}  // namespace

FenceState read_fence_state() {
    FenceState state;
    const auto chroot = fencing::chroot_seen_from_here();
    state.tests = fencing::read_tests(chroot);
    const auto nodes = fencing::read_all_devices(chroot).value_or(std::vector<fencing::FencedNode>());
    for (const auto& waiting : ask_dlm().value_or(std::vector<fencing::Waiting>()))
        state.waiting.push_back({waiting, name_of(nodes, waiting.id), fencing::read_failing(chroot, waiting.id)});
    return state;
}

void add_fence_faults(const FenceState& state, const std::string& here, std::vector<std::string>& faults) {
    for (const WaitsForFencing& one : state.waiting) faults.push_back(fault_of(one));
    for (std::string& fault : fencing::test_faults(state.tests, here, since_boot())) faults.push_back(std::move(fault));
}

std::string to_text(const FenceState& state) {
    std::string text;
    for (const fencing::DeviceTest& test : state.tests) {
        text += fmt::format("{}{} ", text.empty() ? "" : ", ", test.device);
        if (test.good)
            text += fmt::format("ok {} min ago", minutes_ago(test.last));
        else if (test.last_good)
            text += fmt::format("FAILS, ok {} min ago", minutes_ago(*test.last_good));
        else
            text += "FAILS, never ok since the boot";
    }
    return text;
}

nlohmann::json to_json(const FenceState& state) {
    nlohmann::json json = {{"devices", nlohmann::json::array()}, {"waiting", nlohmann::json::array()}};
    for (const fencing::DeviceTest& test : state.tests) {
        nlohmann::json one = {{"node", test.node}, {"device", test.device}, {"good", test.good}, {"says", test.says}};
        const auto seconds = [](Milliseconds then) { return (since_boot() - then).count() / 1000; };
        one["seconds_since_test"] = seconds(test.last);
        if (test.last_good) one["seconds_since_good_test"] = seconds(*test.last_good);
        json["devices"].push_back(std::move(one));
    }
    for (const WaitsForFencing& one : state.waiting) {
        json["waiting"].push_back({{"node", one.node}, {"id", one.waiting.id}, {"since", one.waiting.since}});
        if (one.failing) json["waiting"].back()["rounds"] = one.failing->rounds;
        if (one.failing) json["waiting"].back()["says"] = one.failing->says;
    }
    return json;
}

}  // namespace pando::initrd
