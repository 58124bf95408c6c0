// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/background.h"

#include <gmock/gmock.h>
#include <stdexcept>

namespace pando::initrd {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Background, WorkIsCollected) {
    const auto work = begin([] { return Result<int>(7); });
    const auto got = collect(work, Deadline::after(seconds(10)), "counting");
    ASSERT_TRUE(got);
    EXPECT_EQ((*got)->value(), 7);
    EXPECT_FALSE(needs_begin(work));
}

TEST(Background, WorkThatHangsIsLeftBehindAtTheDeadline) {
    auto release = std::make_shared<std::promise<void>>();
    const auto work = begin([release] {
        release->get_future().wait();
        return Result<int>(7);
    });
    EXPECT_FALSE(needs_begin(work)) << "it is under way";
    const auto late = collect(work, Deadline::after(milliseconds(30)), "reading the frozen root");
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().kind, ErrorKind::timeout);
    EXPECT_THAT(late.error().what, testing::HasSubstr("reading the frozen root was not over in time"));
    release->set_value();
    EXPECT_TRUE(collect(work, Deadline::after(seconds(10)), "reading"));
}

TEST(Background, WorkThatFailedIsBegunAgain) {
    std::shared_future<Result<int>> work;
    EXPECT_TRUE(needs_begin(work));
    work = begin([]() -> Result<int> { return fail("no luck"); });
    ASSERT_TRUE(collect(work, Deadline::after(seconds(10)), "trying"));
    EXPECT_TRUE(needs_begin(work));
}

TEST(Background, AnExceptionComesOutWhereTheWorkIsCollected) {
    const auto work = begin([]() -> Result<int> { throw std::runtime_error("thread"); });
    EXPECT_THROW((void)collect(work, Deadline::after(seconds(10)), "trying"), std::runtime_error);
}

}  // namespace
}  // namespace pando::initrd
