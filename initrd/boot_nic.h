// SPDX-License-Identifier: GPL-2.0-or-later
// The NIC that loaded this image, before it is asked who the machine is. A boot over Fibre Channel or NVMe needs no NIC
// to reach its LUN, and may be at stage identity before the driver of one has come up: its MAC may be the only key.
//
//   wait_for_boot_nic(boot, read, deadline);
#pragma once

#include "base/deadline.h"
#include "initrd/pending.h"

namespace pando::initrd {

constexpr Milliseconds boot_nic_patience{10000};

// Reads the machine anew until that NIC is there, for `boot_nic_patience` at most: without it the boot goes on, and the
// console says so. Its driver is loaded by what stage hardware has begun.
void wait_for_boot_nic(Boot& boot, const MachineReader& read, Deadline deadline);

}  // namespace pando::initrd
