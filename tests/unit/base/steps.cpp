// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/steps.h"

#include "base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace pando;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

namespace {

// A system of named flags, and steps that set them.
class Steps : public testing::Test {
protected:
    void SetUp() override {
        log::set_sink([this](log::Level level, std::string_view line) {
            if (level == log::Level::info) said_.emplace_back(line);
        });
    }
    void TearDown() override { log::set_sink(nullptr); }

    Step step(const std::string& name) {
        return {.text = "set " + name,
                .done = [this, name]() -> Result<bool> { return flags_.contains(name) && flags_[name]; },
                .apply = [this, name]() -> Result<> {
                    applied_.push_back(name);
                    flags_[name] = true;
                    return {};
                }};
    }

    std::map<std::string, bool> flags_;
    std::vector<std::string> applied_;
    std::vector<std::string> said_;
};

TEST_F(Steps, AreAppliedInOrder) {
    Plan plan;
    plan.add(step("a"));
    plan.add(step("b"));
    ASSERT_TRUE(plan.execute(Plan::Mode::apply));
    EXPECT_THAT(applied_, ElementsAre("a", "b"));
    EXPECT_THAT(said_, ElementsAre("set a", "set b"));
}

TEST_F(Steps, AreFreeTheSecondTime) {
    Plan plan;
    plan.add(step("a"));
    ASSERT_TRUE(plan.execute(Plan::Mode::apply));
    applied_.clear();
    said_.clear();
    ASSERT_TRUE(plan.execute(Plan::Mode::apply));
    EXPECT_THAT(applied_, IsEmpty());
    EXPECT_THAT(said_, IsEmpty());
}

TEST_F(Steps, ChangeNothingWhenPrinted) {
    flags_["a"] = true;
    Plan plan;
    plan.add(step("a"));
    plan.add(step("b"));
    ASSERT_TRUE(plan.execute(Plan::Mode::print));
    EXPECT_THAT(applied_, IsEmpty());
    EXPECT_THAT(said_, ElementsAre("would set b"));
    EXPECT_THAT(plan.texts(), ElementsAre("set a", "set b"));
}

TEST_F(Steps, StopAtTheFirstThatFailsAndNameIt) {
    Plan plan;
    plan.add(step("a"));
    Step broken = step("b");
    broken.apply = []() -> Result<> { return fail("the disk is full").advise("free some space"); };
    plan.add(broken);
    plan.add(step("c"));
    auto done = plan.execute(Plan::Mode::apply);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().what, "set b: the disk is full");
    EXPECT_EQ(done.error().advice, "free some space");
    EXPECT_THAT(applied_, ElementsAre("a"));
}

TEST_F(Steps, AreNotBegunAfterTheDeadline) {
    Plan plan;
    flags_["a"] = true;
    plan.add(step("a"));
    plan.add(step("b"));
    const auto done = plan.execute(Plan::Mode::apply, Deadline::after(Milliseconds(0)));
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().kind, ErrorKind::timeout);
    EXPECT_THAT(done.error().what, HasSubstr("set b"));
    EXPECT_THAT(applied_, IsEmpty());
}

TEST_F(Steps, AreNotBelievedWhenTheyDidNotTake) {
    Plan plan;
    Step liar = step("a");
    liar.apply = []() -> Result<> { return {}; };
    plan.add(liar);
    auto done = plan.execute(Plan::Mode::apply);
    ASSERT_FALSE(done);
    EXPECT_THAT(done.error().what, HasSubstr("set a"));
}

TEST_F(Steps, AreNotAppliedWhenTheirStateIsUnknown) {
    Plan plan;
    Step unknown = step("a");
    unknown.done = []() -> Result<bool> { return fail("cannot look"); };
    plan.add(unknown);
    EXPECT_FALSE(plan.execute(Plan::Mode::apply));
    EXPECT_THAT(applied_, IsEmpty());
}

}  // namespace
