// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/boot_nic.h"

#include "base/log.h"

#include <poll.h>
#include <algorithm>

namespace pando::initrd {
namespace {

constexpr Milliseconds look_interval{200};  // what a NIC needs is its driver's time; several events lead to it

bool is_there(const Boot& boot) {
    const auto& mac = boot.arguments.boot_mac;
    const auto& nics = boot.machine.nics;
    return !mac || std::any_of(nics.begin(), nics.end(), [&](const auto& nic) { return nic.mac == *mac; });
}

}  // namespace

void wait_for_boot_nic(Boot& boot, const MachineReader& read, Deadline deadline) {
    const Deadline patience = deadline.capped(boot_nic_patience);
    for (;;) {
        if (auto machine = read()) boot.machine = std::move(*machine);
        if (is_there(boot)) return;
        if (patience.passed()) break;
        (void)poll(nullptr, 0, patience.capped(look_interval).poll_timeout());
    }
    log::warning("identity: the NIC {} that loaded this image has not appeared in {} s; found: {}",
                 *boot.arguments.boot_mac, boot_nic_patience.count() / 1000, hwdetect::describe(boot.machine));
    log::hint("is its driver in the image? pando image build --any-machine carries all");
}

}  // namespace pando::initrd
