// SPDX-License-Identifier: GPL-2.0-or-later
// Stage network: the node's own plan, in place of the address it was loaded with.
#include "hwdetect/coldplug.h"
#include "initrd/ahead.h"
#include "initrd/boot.h"
#include "initrd/boot_control.h"
#include "initrd/driver_report.h"
#include "initrd/drivers_by_name.h"
#include "initrd/network.h"
#include "initrd/rescue_ssh.h"
#include "initrd/stage_functions.h"

#include <algorithm>

namespace pando::initrd {
namespace {

bool has_planned_nics(const config::Node& node, const hwdetect::Machine& machine) {
    const auto there = [&](const config::Nic& nic) {
        return !nic.mac || std::any_of(machine.nics.begin(), machine.nics.end(),
                                       [&](const auto& each) { return each.mac == *nic.mac; });
    };
    return std::all_of(node.nics.begin(), node.nics.end(), there);
}

// Stage hardware waited for the NIC that booted alone.
Result<> wait_for_nics(Boot& boot, Deadline deadline) {
    const auto root = TRY(Sysroot::open("/"));
    const auto satisfied = [&] {
        auto machine = hwdetect::read_machine(root);
        if (machine) boot.machine = std::move(*machine);
        return has_planned_nics(boot.node(), boot.machine);
    };
    if (satisfied()) return {};
    note_drivers(TRY(hwdetect::coldplug(satisfied, deadline)));
    return {};  // apply_plan() names a NIC that is still not there
}

}  // namespace

Result<std::string> run_network(Boot& boot, Deadline deadline) {
    waiting_for("the NICs of node " + boot.node().name);
    begin_named_drivers(boot.node().drivers);
    TRY(wait_for_nics(boot, deadline));
    waiting_for("the links and addresses of node " + boot.node().name);
    TRY(apply_plan(boot.node(), boot.machine, deadline));
    start_rescue_ssh(boot);
    if (!boot.arguments.install) begin_fence_check(boot);
    return fmt::format("{} on {}", boot.node().cluster_address(), boot.node().cluster_nic()->name);
}

}  // namespace pando::initrd
