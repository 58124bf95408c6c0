// SPDX-License-Identifier: GPL-2.0-or-later
// Stage bootstrap: the LUN is reached, with whatever address the boot loader had, or DHCP gives.
#include "initrd/boot.h"
#include "initrd/boot_control.h"
#include "initrd/lun_store.h"
#include "initrd/network.h"
#include "initrd/stage_functions.h"

#include <algorithm>

namespace pando::initrd {
namespace {

Result<std::string> take_address(const Boot& boot, Deadline deadline) {
    const std::string mac = boot.arguments.boot_mac.value_or("");
    const auto& nics = boot.machine.nics;
    const auto nic = std::find_if(nics.begin(), nics.end(), [&](const auto& each) { return each.mac == mac; });
    if (boot.arguments.address && nic != nics.end()) {
        TRY(adopt_address(nic->name, *boot.arguments.address, deadline));
        return fmt::format("{} on {} as the boot loader had it", boot.arguments.address->address, nic->name);
    }
    const Lease lease = TRY(bootstrap(boot.machine, mac, deadline));
    return fmt::format("{} on {} by DHCP", lease.address, lease.interface);
}

// What an initiator's name may hold: letters, digits and dashes.
std::string name_of(const Boot& boot) {
    std::string name = boot.arguments.boot_mac.value_or(boot.machine.uuid);
    std::replace(name.begin(), name.end(), ':', '-');
    return name.empty() ? "unknown" : name;
}

}  // namespace

Result<std::string> run_bootstrap(Boot& boot, Deadline deadline) {
    if (boot.arguments.cluster.empty())
        return bad_input("the kernel command line does not say which cluster this is: no rd.pando.cluster")
            .advise("the boot script is older than the image: pando image build makes both");
    const config::Storage& storage = boot.arguments.storage;
    std::string how = "local";
    waiting_for("an address on the boot network");
    if (storage.iscsi) how = TRY(take_address(boot, deadline));
    waiting_for(storage.iscsi ? "the LUN of target " + storage.iscsi->target : "the LUN");
    boot.store = TRY(open_lun(storage, name_of(boot), deadline));
    return fmt::format("{}; {}", how, boot.store->name());
}

}  // namespace pando::initrd
