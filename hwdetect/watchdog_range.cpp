// SPDX-License-Identifier: GPL-2.0-or-later
#include "hwdetect/watchdog_range.h"

#include <array>
#include <limits>

namespace pando::hwdetect {
namespace {

struct Known {
    std::string_view identity;  // how it begins
    unsigned min, max;          // seconds; max 0: no limit
};

// Drivers that check by themselves, or that have no place in sysfs (they make /dev/watchdog without the kernel's
// watchdog layer). A range that depends on the card's version is the one that every server of this century takes.
constexpr std::array known = {
    Known{"iTCO_wdt", 3, 614},   // TCO version 2 and later; version 1 takes 5..76
    Known{"i6300ESB", 1, 2046},  // 2 x 0x3ff of its clock of a second
    Known{"IB700", 0, 30},       // 16 steps of two seconds
    Known{"IPMI", 1, 6553},      // tenths of a second in 16 bits
    Known{"HP iLO2+", 30, 600},  // of kernels before 4.17, as the oldest of them refuse
    Known{"HPE iLO2+", 1, 0},    // its own clock ends at 8388 s, the kernel feeds it beyond
    Known{"diag288", 15, 1800}, Known{"SP5100 TCO", 1, 65535}, Known{"Software Watchdog", 1, 65535},
};

std::optional<unsigned> told(std::optional<uint64_t> seconds) {
    if (!seconds || *seconds == 0 || *seconds > std::numeric_limits<unsigned>::max()) return std::nullopt;
    return static_cast<unsigned>(*seconds);
}

}  // namespace

WatchdogRange watchdog_range(std::string_view identity, std::optional<uint64_t> min, std::optional<uint64_t> max) {
    const auto low = told(min), high = told(max);
    // Both files and an upper end: the kernel itself refuses what is outside.
    if (high) return {low.value_or(1), high, "kernel"};
    for (const Known& card : known)
        if (identity.starts_with(card.identity))
            return {low.value_or(card.min), card.max == 0 ? std::nullopt : std::optional(card.max), "driver"};
    // Told to be without a limit: the kernel feeds the card's shorter clock by itself.
    if (low && max) return {low, std::nullopt, "kernel"};
    return {low, std::nullopt, low ? "kernel" : ""};
}

}  // namespace pando::hwdetect
