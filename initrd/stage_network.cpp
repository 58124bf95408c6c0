// SPDX-License-Identifier: GPL-2.0-or-later
// Stage network: the node's own plan once it is known, else an address by DHCP.
#include "initrd/ahead.h"
#include "initrd/boot.h"
#include "initrd/network.h"
#include "initrd/stage_functions.h"

namespace pando::initrd {

Result<std::string> run_network(Boot& boot, Deadline deadline) {
    // A first try may have given the interfaces their names already.
    boot.machine = TRY(hwdetect::read_machine(TRY(Sysroot::open("/"))));
    std::string result;
    if (boot.identity.node != nullptr) {
        TRY(apply_plan(boot.node(), boot.machine, deadline));
        result = fmt::format("{} on {}", boot.node().cluster_address(), boot.node().cluster_nic()->name);
    } else {
        const Lease lease = TRY(bootstrap(boot.machine, boot.arguments.boot_mac.value_or(""), deadline));
        result = fmt::format("{} on {} by DHCP", lease.address, lease.interface);
    }
    if (boot.identity.node != nullptr && !boot.arguments.install) begin_fence_check(boot);
    return result;
}

}  // namespace pando::initrd
