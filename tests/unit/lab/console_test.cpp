// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/console.h"

#include "base/file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <optional>
#include <thread>

namespace pando::lab {
namespace {

using testing::HasSubstr;

class LabConsole : public testing::Test {
protected:
    void SetUp() override {
        auto made = TemporaryDirectory::create(testing::TempDir(), "lab-console");
        ASSERT_TRUE(made) << made.error().what;
        directory_.emplace(std::move(*made));
    }
    std::filesystem::path log() const { return directory_->path() / "n1.console"; }
    void say(const std::string& text) const {
        UniqueFd fd(open(log().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
        ASSERT_TRUE(fd.valid() && write_all(fd.get(), text));
    }
    std::optional<TemporaryDirectory> directory_;
};

TEST_F(LabConsole, EscapeSequencesAndCarriageReturnsAreNotText) {
    EXPECT_EQ(plain_text("\x1b[2J\x1b[0;1miPXE\x1b[0m 1.0\r\n\x1b"
                         "cok"),
              "iPXE 1.0\nok");
    EXPECT_EQ(plain_text("cut \x1b["), "cut ");
    EXPECT_EQ(last_line("one\r\ntwo \r\n\x1b[0m\r\n \n"), "two");
    EXPECT_EQ(last_line(""), "");
}

TEST_F(LabConsole, ALineIsFoundInWhatWasSaidBefore) {
    say("first\r\nthe \x1b[1mlogin\x1b[0m: here\r\nlast\r\n");
    const auto line = wait_for_console(log(), "log(in|on):", Deadline::after(Milliseconds(0)));
    ASSERT_TRUE(line) << line.error().what;
    EXPECT_EQ(*line, "the login: here");
}

TEST_F(LabConsole, WhatWasSaidBeforeTheOffsetDoesNotCount) {
    say("booted\n");
    const uint64_t offset = console_offset(log());
    EXPECT_EQ(offset, 7U);
    EXPECT_FALSE(wait_for_console(log(), "booted", Deadline::after(Milliseconds(50)), offset));
    say("booted again\n");
    EXPECT_TRUE(wait_for_console(log(), "booted", Deadline::after(Milliseconds(50)), offset));
}

TEST_F(LabConsole, APromptWithoutNewlineInPiecesIsFoundWhenItComes) {
    std::thread blade([this] {
        say("boo");
        say("ting\nlog");
        say("in: ");
    });
    const auto line = wait_for_console(log(), "login: ", Deadline::after(std::chrono::seconds(10)));
    blade.join();
    ASSERT_TRUE(line) << line.error().what;
    EXPECT_EQ(*line, "login: ");
}

TEST_F(LabConsole, ATimeoutQuotesTheLastWords) {
    say("Kernel panic - not syncing\n");
    const auto line = wait_for_console(log(), "login:", Deadline::after(Milliseconds(20)));
    ASSERT_FALSE(line);
    EXPECT_EQ(line.error().kind, ErrorKind::timeout);
    EXPECT_THAT(line.error().what, HasSubstr("Kernel panic"));
    EXPECT_THAT(line.error().advice, HasSubstr("n1.console"));
}

TEST_F(LabConsole, APatternThatIsNoneIsTheUsersToMend) {
    const auto line = wait_for_console(log(), "(", Deadline::after(Milliseconds(0)));
    ASSERT_FALSE(line);
    EXPECT_EQ(line.error().kind, ErrorKind::bad_input);
}

}  // namespace
}  // namespace pando::lab
