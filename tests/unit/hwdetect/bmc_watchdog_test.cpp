// SPDX-License-Identifier: GPL-2.0-or-later
#include "hwdetect/bmc_watchdog.h"

#include "tests/unit/hwdetect/recorded_machine.h"

#include <gtest/gtest.h>

using namespace pando::hwdetect;
using pando::test::RecordedMachine;

namespace {

constexpr const char* with_bmc =
    "sys/class/ipmi/ipmi0 -> ../../devices/platform/IPI0001:00/ipmi/ipmi0\n"
    "sys/devices/platform/IPI0001:00/type = kcs\n"
    "sys/devices/platform/IPI0001:00/driver -> ../../../bus/platform/drivers/ipmi_si\n"
    "sys/bus/platform/drivers/ipmi_si/\n"
    "sys/devices/platform/IPI0001:00/ipmi/ipmi0/device -> ../../../IPI0001:00\n";

}  // namespace

TEST(TheBmcsWatchdog, IsNeededWhereABmcIsHeldAndNoCardIsThere) {
    RecordedMachine machine(with_bmc);
    EXPECT_EQ(need_of_bmc_watchdog(machine.root(), ""), Need::there);
    EXPECT_EQ(need_of_bmc_watchdog(machine.root(), "IPMI"), Need::there);
    machine.add("sys/module/ipmi_watchdog/");
    EXPECT_EQ(need_of_bmc_watchdog(machine.root(), ""), Need::none);
}

TEST(TheBmcsWatchdog, CannotBeHadBesideACard) {
    RecordedMachine machine(with_bmc);
    machine.add("sys/class/watchdog/watchdog0/identity = iTCO_wdt");
    EXPECT_EQ(need_of_bmc_watchdog(machine.root(), ""), Need::none);
    EXPECT_EQ(need_of_bmc_watchdog(machine.root(), "iTCO_wdt"), Need::none);
    EXPECT_EQ(need_of_bmc_watchdog(machine.root(), "watchdog0"), Need::none);
    EXPECT_EQ(need_of_bmc_watchdog(machine.root(), "IPMI"), Need::blocked);
    EXPECT_EQ(need_of_bmc_watchdog(machine.root(), "watchdog"), Need::blocked);
}

TEST(TheBmcsWatchdog, MayStillBeNeededWhereNothingIsThereYet) {
    const RecordedMachine machine("sys/class/");
    EXPECT_EQ(need_of_bmc_watchdog(machine.root(), ""), Need::unknown);
    EXPECT_EQ(need_of_bmc_watchdog(machine.root(), "IPMI"), Need::unknown);
    EXPECT_EQ(need_of_bmc_watchdog(machine.root(), "hpwdt"), Need::none);
    // What firmware's table tells is no interface that a driver holds.
    EXPECT_EQ(need_of_bmc_watchdog(RecordedMachine("dmi 38 = 01 20").root(), ""), Need::unknown);
}

TEST(TheBmcsWatchdog, OfRecordedMachines) {
    EXPECT_EQ(need_of_bmc_watchdog(RecordedMachine::from_file("hpe-bl460c").root(), ""), Need::none);  // hpwdt
    EXPECT_EQ(need_of_bmc_watchdog(RecordedMachine::from_file("supermicro-placeholders").root(), ""), Need::none);
}
