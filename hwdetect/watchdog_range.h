// SPDX-License-Identifier: GPL-2.0-or-later
// Which timeouts a watchdog card really takes. The kernel tells in sysfs what the driver told it, and some drivers
// check for themselves and tell nothing; for these their own limits are known here. No device is opened: that would
// start the clock.
//
//   const auto range = watchdog_range("iTCO_wdt", 0, 0);  // 3..614, from the driver
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pando::hwdetect {

struct WatchdogRange {
    std::optional<unsigned> min, max;  // seconds; no max: no limit, the kernel feeds a shorter clock by itself
    std::string from;                  // "kernel", "driver"; empty: nobody tells
};

// The card's identity and what sysfs has in min_timeout and max_timeout; 0 there is the kernel's "not told".
WatchdogRange watchdog_range(std::string_view identity, std::optional<uint64_t> min, std::optional<uint64_t> max);

}  // namespace pando::hwdetect
