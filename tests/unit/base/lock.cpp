// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/lock.h"

#include "base/file.h"
#include "base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <csignal>

using namespace pando;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

class Lock : public testing::Test {
protected:
    void SetUp() override {
        auto made = TemporaryDirectory::create("/tmp", "pando-test");
        ASSERT_TRUE(made) << made.error().what;
        directory_ = std::make_unique<TemporaryDirectory>(std::move(*made));
        file_ = directory_->path() / "lock";
        log::set_sink([this](log::Level, std::string_view line) { said_.emplace_back(line); });
    }
    void TearDown() override {
        if (holder_ > 0) end_holder();
        log::set_sink(nullptr);
    }

    // Another process that holds the lock until it is ended.
    void start_holder() {
        int ends[2];
        ASSERT_EQ(pipe(ends), 0);
        const UniqueFd said(ends[0]);
        UniqueFd say(ends[1]);
        holder_ = fork();
        ASSERT_GE(holder_, 0);
        if (holder_ == 0) {
            auto lock = FileLock::take(file_, Deadline::after(10s));
            (void)!write(say.get(), lock ? "y" : "n", 1);
            for (;;) pause();
        }
        say.reset();
        char answer = 0;
        ASSERT_EQ(read(said.get(), &answer, 1), 1);
        ASSERT_EQ(answer, 'y');
    }
    void end_holder() {
        kill(holder_, SIGKILL);
        waitpid(holder_, nullptr, 0);
        holder_ = -1;
    }

    std::unique_ptr<TemporaryDirectory> directory_;
    std::filesystem::path file_;
    std::vector<std::string> said_;
    pid_t holder_ = -1;
};

TEST_F(Lock, IsTakenAtOnceWhenFreeAndSaysWhoHasIt) {
    auto lock = FileLock::take(file_, Deadline::after(0ms));
    ASSERT_TRUE(lock) << lock.error().what;
    EXPECT_EQ(read_line(file_).value_or(""), std::to_string(getpid()));
}

TEST_F(Lock, ShutsOutAnotherUntilTheDeadlineAndNamesTheHolder) {
    start_holder();
    auto lock = FileLock::take(file_, Deadline::after(250ms));
    ASSERT_FALSE(lock);
    EXPECT_EQ(lock.error().kind, ErrorKind::timeout);
    EXPECT_THAT(lock.error().what, HasSubstr(std::to_string(holder_)));
    EXPECT_THAT(said_, ElementsAre(HasSubstr(std::to_string(holder_))));  // once, not at every look
}

TEST_F(Lock, IsFreedWhenItsHolderDies) {
    start_holder();
    end_holder();
    auto lock = FileLock::take(file_, Deadline::after(5s));
    ASSERT_TRUE(lock) << lock.error().what;
    EXPECT_EQ(read_line(file_).value_or(""), std::to_string(getpid()));
}

TEST_F(Lock, IsFreedWhenTheObjectGoes) {
    { ASSERT_TRUE(FileLock::take(file_, Deadline::after(0ms))); }
    EXPECT_TRUE(FileLock::take(file_, Deadline::after(0ms)));
}

TEST_F(Lock, IsHeldOnceEvenWithinOneProcess) {
    auto first = FileLock::take(file_, Deadline::after(0ms));
    ASSERT_TRUE(first);
    EXPECT_FALSE(FileLock::take(file_, Deadline::after(0ms)));
}

TEST_F(Lock, SaysWhichFileCannotBeMade) {
    auto lock = FileLock::take(directory_->path() / "none/lock", Deadline::after(0ms));
    ASSERT_FALSE(lock);
    EXPECT_EQ(lock.error().sys, ENOENT);
    EXPECT_THAT(lock.error().what, HasSubstr("none/lock"));
}

}  // namespace
