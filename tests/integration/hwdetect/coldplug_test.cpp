// SPDX-License-Identifier: GPL-2.0-or-later
// Against the running kernel. On a host that runs udev this loads nothing new: what has a driver has it already. Real
// drivers are loaded where there are none yet: in the blades of the lab.
#include "hwdetect/coldplug.h"

#include "hwdetect/kernel_log.h"
#include "hwdetect/uevent.h"

#include "base/file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

using namespace pando;
using namespace pando::hwdetect;
using std::chrono::milliseconds;

TEST(Coldplug, PassesItsDeadlineWithoutAnError) {
    const auto start = since_boot();
    auto done = coldplug([] { return false; }, Deadline::after(milliseconds(300)));
    ASSERT_TRUE(done) << done.error().what;
    EXPECT_GE(since_boot() - start, milliseconds(300));
    EXPECT_LT(since_boot() - start, milliseconds(5000));
}

// Writing "change" to a device's uevent file makes the kernel say it again: harmless, and a real event.
TEST(Uevents, WakeAWaiter) {
    auto events = Uevents::listen();
    ASSERT_TRUE(events) << events.error().what;
    auto asked = write_existing("/sys/class/mem/null/uevent", "change");
    ASSERT_TRUE(asked) << asked.error().what;
    EXPECT_TRUE(events->wait(Deadline::after(milliseconds(5000))));
}

TEST(Uevents, CarryActionAndDevice) {
    auto events = Uevents::listen();
    ASSERT_TRUE(events) << events.error().what;
    ASSERT_TRUE(write_existing("/sys/class/mem/null/uevent", "change"));
    const Deadline deadline = Deadline::after(milliseconds(5000));
    bool heard = false;
    while (!heard && !deadline.passed())
        EXPECT_TRUE(events->drain([&](const Uevent& event) {
            heard = heard || (event.action == "change" && event.device == "/sys/devices/virtual/mem/null");
        }));
    EXPECT_TRUE(heard);
}

TEST(Coldplug, AsksAgainAtEveryKernelEvent) {
    int asked = 0;
    auto satisfied = [&] {
        if (++asked == 2) (void)write_existing("/sys/class/mem/null/uevent", "change");
        return asked == 3;
    };
    auto done = coldplug(satisfied, Deadline::after(milliseconds(5000)));
    ASSERT_TRUE(done) << done.error().what;
    EXPECT_EQ(asked, 3);
}

// Written to the kernel's log as a driver's message would be; the file's name is nobody's.
TEST(KernelLog, TellsWhatWasSaidSinceItBeganAndOnlyOnce) {
    const auto say = [](const std::string& line) {
        const UniqueFd kmsg(open("/dev/kmsg", O_WRONLY | O_CLOEXEC));
        ASSERT_TRUE(kmsg.valid());
        ASSERT_TRUE(write_all(kmsg.get(), line));
    };
    say("<7>pando_test 0000:00:00.0: Direct firmware load for pando/before.fw failed with error -2\n");
    auto log = KernelLog::from_now();
    ASSERT_TRUE(log) << log.error().what;
    say("<7>pando_test 0000:00:00.0: Direct firmware load for pando/after.fw failed with error -2\n");
    say("<7>pando_test 0000:00:00.0: Direct firmware load for pando/after.fw failed with error -2\n");
    const auto of_test = [&] {
        auto found = log->missing_firmware();
        std::erase_if(found, [](const MissingFirmware& missing) { return missing.driver != "pando_test"; });
        return found;
    };
    const auto found = of_test();
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].file, "pando/after.fw");
    EXPECT_EQ(of_test().size(), 0U);
}
