// SPDX-License-Identifier: GPL-2.0-or-later
// Against the running kernel. On a host that runs udev this loads nothing new: what has a driver has it already. Real
// drivers are loaded where there are none yet: in the blades of the lab.
#include "hwdetect/coldplug.h"

#include "hwdetect/uevent.h"

#include "base/file.h"

#include <gmock/gmock.h>

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
