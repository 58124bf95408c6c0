// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace pando;
using testing::ElementsAre;

namespace {

class Log : public testing::Test {
protected:
    void SetUp() override {
        log::set_sink([this](log::Level, std::string_view line) { said_.emplace_back(line); });
    }
    void TearDown() override {
        log::set_sink(nullptr);
        log::set_level(log::Level::info);
    }
    std::vector<std::string> said_;
};

TEST_F(Log, DropsWhatIsAboveTheLevel) {
    log::debug("hidden");
    log::info("{} nodes", 2);
    log::set_level(log::Level::debug);
    log::debug("shown");
    EXPECT_THAT(said_, ElementsAre("2 nodes", "shown"));
}

TEST_F(Log, SaysAnErrorAndThenItsAdvice) {
    log::write(fail("no fence device").advise("add fence: to the node").error());
    log::write(fail("nobody knows").error());
    EXPECT_THAT(said_, ElementsAre("no fence device", "add fence: to the node", "nobody knows"));
}

// A daemon's stderr may be gone; that is no reason to end.
TEST_F(Log, GoesOnWithoutStandardError) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        log::set_sink(nullptr);
        close(2);
        log::error("to nobody");
        _exit(0);
    }
    int raw = 0;
    ASSERT_EQ(waitpid(child, &raw, 0), child);
    EXPECT_TRUE(WIFEXITED(raw) && WEXITSTATUS(raw) == 0);
}

}  // namespace
