// SPDX-License-Identifier: GPL-2.0-or-later
#include "hwdetect/watchdog_range.h"

#include <gtest/gtest.h>

using namespace pando::hwdetect;

TEST(WatchdogRange, IsTheKernelsWhereItTells) {
    const auto range = watchdog_range("i6300ESB timer", 1, 2046);
    EXPECT_EQ(range.min, 1U);
    EXPECT_EQ(range.max, 2046U);
    EXPECT_EQ(range.from, "kernel");
    EXPECT_EQ(watchdog_range("anything", 0, 100).min, 1U) << "0 means that only 0 is refused";
}

TEST(WatchdogRange, IsTheDriversWhereTheKernelTellsNothing) {
    for (const std::optional<uint64_t> nothing : {std::optional<uint64_t>(), std::optional<uint64_t>(0)}) {
        const auto tco = watchdog_range("iTCO_wdt", nothing, nothing);
        EXPECT_EQ(tco.min, 3U);
        EXPECT_EQ(tco.max, 614U);
        EXPECT_EQ(tco.from, "driver");
        EXPECT_EQ(watchdog_range("diag288_wdt", nothing, nothing).min, 15U);
        EXPECT_EQ(watchdog_range("HP iLO2+ HW Watchdog Timer", nothing, nothing).min, 30U);
    }
}

TEST(WatchdogRange, WithoutALimitIsOneTheKernelFeeds) {
    const auto range = watchdog_range("HPE iLO2+ HW Watchdog Timer", 1, 0);
    EXPECT_EQ(range.min, 1U);
    EXPECT_FALSE(range.max);
    EXPECT_EQ(range.from, "driver");
}

TEST(WatchdogRange, OfAnUnknownSilentCardIsUnknown) {
    const auto range = watchdog_range("Some card", std::nullopt, std::nullopt);
    EXPECT_FALSE(range.min);
    EXPECT_FALSE(range.max);
    EXPECT_EQ(range.from, "");
}
