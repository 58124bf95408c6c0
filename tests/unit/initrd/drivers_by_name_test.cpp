// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/drivers_by_name.h"

#include "tests/unit/hwdetect/recorded_machine.h"

#include <gmock/gmock.h>

using namespace pando;
using namespace pando::initrd;
using test::RecordedMachine;
using testing::ElementsAre;
using testing::IsEmpty;

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

config::Watchdog watchdog(const std::string& mode) {
    config::Watchdog wanted;
    wanted.mode = mode;
    return wanted;
}

void add_bmc(RecordedMachine& machine) {
    machine.add("sys/bus/platform/drivers/ipmi_si/IPI0001:00 -> ../../../../devices/platform/IPI0001:00");
    machine.add("sys/devices/platform/IPI0001:00/type = kcs");
}

// Remembers what was asked for.
struct Loads {
    std::vector<std::string> names;
    LoadByName load() {
        return [this](const std::vector<std::string>& wanted) -> Result<> {
            names.insert(names.end(), wanted.begin(), wanted.end());
            return {};
        };
    }
};

}  // namespace

TEST(BmcWatchdog, IsLoadedWhereTheMachineHasNoCard) {
    RecordedMachine machine("sys/class/");
    add_bmc(machine);
    for (const char* mode : {"if-present", "required"}) {
        Loads loads;
        const auto loaded =
            load_bmc_watchdog(machine.root(), watchdog(mode), loads.load(), Deadline::after(seconds(20)));
        ASSERT_TRUE(loaded) << loaded.error().what;
        EXPECT_TRUE(*loaded);
        EXPECT_THAT(loads.names, ElementsAre("ipmi_watchdog"));
    }
}

TEST(BmcWatchdog, IsLeftAloneBesideACardAndWhereNoneIsWanted) {
    RecordedMachine machine("sys/class/");
    add_bmc(machine);
    Loads loads;
    for (const char* mode : {"off", "softdog"})
        EXPECT_FALSE(*load_bmc_watchdog(machine.root(), watchdog(mode), loads.load(), Deadline::after(seconds(20))));
    machine.add("sys/class/watchdog/watchdog0/identity = i6300ESB timer");
    EXPECT_FALSE(*load_bmc_watchdog(machine.root(), watchdog("required"), loads.load(), Deadline::after(seconds(20))));
    EXPECT_THAT(loads.names, IsEmpty());
}

TEST(BmcWatchdog, IsNotWaitedForBeyondTheDeadline) {
    const RecordedMachine machine("sys/class/");
    Loads loads;
    EXPECT_FALSE(
        *load_bmc_watchdog(machine.root(), watchdog("required"), loads.load(), Deadline::after(milliseconds(20))));
    EXPECT_THAT(loads.names, IsEmpty());
}

TEST(BmcWatchdog, SaysWhyItsDriverDidNotLoad) {
    RecordedMachine machine("sys/class/");
    add_bmc(machine);
    const LoadByName none = [](const std::vector<std::string>&) -> Result<> { return fail("this image has none"); };
    EXPECT_FALSE(load_bmc_watchdog(machine.root(), watchdog("required"), none, Deadline::after(seconds(20))));
}
