// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/drill_check.h"

#include "base/number.h"
#include "config/fence_agent.h"

#include <algorithm>

namespace pando::initrd {
namespace {

namespace fs = std::filesystem;

unsigned number_in(const Sysroot& root, const fs::path& file) {
    const auto line = root.read_line(file);
    return line ? whole_number<unsigned>(*line).value_or(0) : 0;
}

bool is_set(const Sysroot& root, const fs::path& file) { return number_in(root, file) != 0; }

}  // namespace

Result<> check_node(const NodeState& state, const config::Cluster& cluster, bool force) {
    if (!state.boot || !state.quorum || !state.root)
        return bad_input("this machine is no node that pando booted, or corosync does not answer")
            .advise("drill on a node that is up: pando status --here");
    if (state.root_suspended)
        return bad_input("the root is suspended already")
            .advise("wait for the drill that runs; without one, from the chroot: pando-survival release");
    if (!state.faults.empty())
        return bad_input("this node is not healthy: {}", fmt::join(state.faults, "; "))
            .advise("mend that first: pando status --here. A drill is for a node that should withstand it");
    std::string missing;
    for (const auto& node : cluster.nodes)
        if (!state.quorum->has(node.id)) missing += (missing.empty() ? "" : ", ") + node.name;
    if (!missing.empty() && !force)
        return bad_input("not every node is a member; missing: {}", missing)
            .advise("start the missing nodes, or drill without them: --force");
    return {};
}

Result<> check_at_rest(const Sysroot& root, const config::Cluster& cluster, std::string_view dlm_tool_ls) {
    for (const std::string_view busy : {"kern_stop", "new change", "new status"})
        if (dlm_tool_ls.find(busy) != std::string_view::npos)
            return bad_input("the lock manager is busy with a recovery")
                .advise("wait until dlm_tool ls shows no change under way");
    const fs::path filesystem = fs::path("sys/fs/gfs2") / cluster.lock_table();
    if (is_set(root, filesystem / "withdraw"))
        return bad_input("the root has withdrawn on this node").advise("reboot this node");
    if (is_set(root, filesystem / "freeze"))
        return bad_input("the root is frozen by an operator").advise("thaw it: fsfreeze --unfreeze /");
    return {};
}

Result<> check_patience(const Sysroot& root, unsigned seconds) {
    constexpr unsigned margin = 2;  // times as patient as the drill is long
    const fs::path watchdogs = "sys/class/watchdog";
    for (const std::string& name : root.list(watchdogs).value_or(std::vector<std::string>())) {
        const unsigned timeout = number_in(root, watchdogs / name / "timeout");
        const auto state = root.read_line(watchdogs / name / "state");
        if (!state || *state != "active" || timeout >= margin * seconds) continue;
        return bad_input("{} resets this machine when it is not fed for {} s, and who feeds it may stand on the root",
                         name, timeout)
            .advise(fmt::format("drill for at most {} s, or stop the watchdog for the drill", timeout / margin));
    }
    const unsigned hung = number_in(root, "proc/sys/kernel/hung_task_timeout_secs");
    if (is_set(root, "proc/sys/kernel/hung_task_panic") && hung != 0 && hung < margin * seconds)
        return bad_input("this kernel panics when a task hangs for {} s", hung)
            .advise("for the drill: sysctl kernel.hung_task_panic=0");
    return {};
}

DrillPlan plan_drill(const config::Cluster& cluster, const NodeState& state, const std::string& map, unsigned seconds) {
    DrillPlan plan;
    plan.node = state.boot->node;
    plan.map = map;
    plan.seconds = seconds;
    plan.members = state.quorum->members;
    std::sort(plan.members.begin(), plan.members.end());
    for (const auto& node : cluster.nodes) {
        if (node.name == plan.node) continue;
        for (const auto& device : node.fence)
            plan.devices.push_back({node.name, device.name, device.agent, config::agent_input(device, "status")});
    }
    return plan;
}

}  // namespace pando::initrd
