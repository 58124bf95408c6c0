// SPDX-License-Identifier: GPL-2.0-or-later
// The watchdog of the BMC. Its driver has no modalias, so nothing loads it unless somebody decides to. Loading does not
// arm it: the driver stops the BMC's clock, and starts it when it is fed first (its parameter start_now is 0).
//
//   if (need_of_bmc_watchdog(root, "") == Need::there) TRY(load_modules({bmc_watchdog_driver}));
#pragma once

#include "base/sysroot.h"

#include <string_view>

namespace pando::hwdetect {

constexpr const char* bmc_watchdog_driver = "ipmi_watchdog";

enum class Need {
    none,     // another card is there or asked for, or the driver is loaded
    there,    // a driver holds the interface to the BMC, and nothing else resets this machine
    unknown,  // neither a card nor a BMC: the driver of one may still come up
    blocked,  // it is asked for, and another card's driver has taken /dev/watchdog, which its driver needs
};

// `device` is watchdog.device of cluster.yaml, an identity's beginning or a name in /dev: "IPMI" and "watchdog" mean
// the BMC's. Empty: any. Whatever driver is there, the kernel's own (softdog) too, has /dev/watchdog.
Need need_of_bmc_watchdog(const Sysroot& root, std::string_view device);

}  // namespace pando::hwdetect
