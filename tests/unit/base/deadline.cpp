// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/deadline.h"

#include <gtest/gtest.h>
#include <poll.h>

using namespace pando;
using namespace std::chrono_literals;

namespace {

TEST(DeadlineTest, PassesWhenItsTimeIsOverAndNotBefore) {
    const Milliseconds begin = since_boot();
    const Deadline deadline = Deadline::after(60ms);
    EXPECT_FALSE(deadline.passed());
    while (!deadline.passed()) poll(nullptr, 0, deadline.poll_timeout());
    EXPECT_GE(since_boot() - begin, 60ms);
    EXPECT_EQ(deadline.remaining(), 0ms);
    EXPECT_EQ(deadline.poll_timeout(), 0);
}

TEST(DeadlineTest, IsPassedAtOnceForATimeInThePast) {
    EXPECT_TRUE(Deadline::after(-1h).passed());
    EXPECT_EQ(Deadline::after(-1h).poll_timeout(), 0);
}

TEST(DeadlineTest, NeverPassesAndStillFitsPoll) {
    const Deadline never = Deadline::never();
    EXPECT_FALSE(never.passed());
    EXPECT_GT(never.poll_timeout(), 0);
    EXPECT_GT(Deadline::after(1000h).poll_timeout(), 0);
}

TEST(DeadlineTest, IsCappedByTheShorterSpan) {
    EXPECT_LE(Deadline::after(1h).capped(1s).remaining(), 1s);
    EXPECT_LE(Deadline::after(1s).capped(1h).remaining(), 1s);
    EXPECT_TRUE(Deadline::never().capped(0ms).passed());
}

// A cap longer than a day was once taken for never.
TEST(DeadlineTest, EndsWhenNeverIsCappedByMoreThanADay) {
    EXPECT_LE(Deadline::never().capped(48h).capped(47h).remaining(), 24h);
    EXPECT_FALSE(Deadline::never().capped(48h).passed());
}

}  // namespace
