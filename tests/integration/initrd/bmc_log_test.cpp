// SPDX-License-Identifier: GPL-2.0-or-later
// The records of a reset in the event log of a BMC (ipmi_sim), as ipmitool reads them there. They reach it over the
// loopback of a network namespace of this test's own; the kernel's /dev/ipmi0 needs a machine with a BMC
// (tests/system/selfreset).
#include "initrd/bmc_log.h"

#include "base/file.h"
#include "base/process.h"

#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <csignal>
#include <optional>

namespace pando::initrd {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class BmcLogTest : public testing::Test {
protected:
    void SetUp() override {
        ASSERT_EQ(unshare(CLONE_NEWNET), 0) << "needs root";
        ASSERT_TRUE(run_ok({.argv = {"ip", "link", "set", "dev", "lo", "up"}}));
        auto made = TemporaryDirectory::create("/var/tmp", "pando-bmc");
        ASSERT_TRUE(made);
        directory_.emplace(std::move(*made));
    }
    void TearDown() override {
        if (!simulator_) return;
        kill(simulator_->pid(), SIGKILL);
        (void)simulator_->wait(Deadline::after(10s));
    }

    void start(unsigned room) {
        const auto file = [this](const char* name) { return (directory_->path() / name).string(); };
        ASSERT_TRUE(write_file_atomic(file("lan"), R"(name "n1"
set_working_mc 0x20
  startlan 1
    addr 127.0.0.1 623
    priv_limit admin
    allowed_auths_admin md5
    guid 0123456789abcdef0123456789abcdef
  endlan
  user 2 true "admin" "secret" admin 10 md5
)"));
        ASSERT_TRUE(
            write_file_atomic(file("emu"), fmt::format("mc_setbmc 0x20\n"
                                                       "mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02\n"
                                                       "sel_enable 0x20 {} 0x0a\n"
                                                       "mc_enable 0x20\n",
                                                       room)));
        ASSERT_TRUE(make_directories(file("state")));
        const auto with_us = [] { return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0; };
        auto child =
            Child::spawn({.argv = {"ipmi_sim", "-n", "-c", file("lan"), "-f", file("emu"), "-s", file("state")},
                          .prepare = with_us,
                          .output_file = file("log")});
        ASSERT_TRUE(child) << child.error().what;
        simulator_.emplace(std::move(*child));
        const Deadline deadline = Deadline::after(20s);
        while (!ipmitool({"sel", "info"}).has_value()) {
            ASSERT_TRUE(simulator_->running()) << read_file(file("log")).value_or("");
            ASSERT_FALSE(deadline.passed());
            (void)poll(nullptr, 0, 50);
        }
    }
    static Result<std::string> ipmitool(const std::vector<std::string>& words) {
        std::vector<std::string> argv = {"ipmitool", "-I", "lanplus",   "-C", "3",     "-N", "1",     "-R",
                                         "1",        "-H", "127.0.0.1", "-U", "admin", "-P", "secret"};
        argv.insert(argv.end(), words.begin(), words.end());
        return TRY(run_ok({.argv = argv, .deadline = Deadline::after(20s)})).out;
    }
    static Result<std::vector<uint8_t>> ask(const BmcRequest& request, Deadline) {
        std::vector<std::string> words = {"raw", fmt::format("{:#04x}", request.function),
                                          fmt::format("{:#04x}", request.command)};
        for (const uint8_t byte : request.data) words.push_back(fmt::format("{:#04x}", byte));
        (void)TRY(ipmitool(words));
        return std::vector<uint8_t>();
    }

private:
    std::optional<TemporaryDirectory> directory_;
    std::optional<Child> simulator_;
};

TEST_F(BmcLogTest, AnOperatorReadsTheReasonOfAResetByIpmitool) {
    start(1000);
    ASSERT_FALSE(HasFatalFailure());
    const auto told = write_reset_to_bmc(ask, "corosync (process 812) has ended", Deadline::after(1min));
    ASSERT_TRUE(told) << told.error().what;
    const auto log = ipmitool({"sel", "list"});
    ASSERT_TRUE(log) << log.error().what;
    EXPECT_THAT(*log, HasSubstr("| OS Critical Stop | Run-time critical stop | Asserted\n"));
    EXPECT_THAT(*log, HasSubstr(" | Linux kernel panic: pando: coro\n"));
    EXPECT_THAT(*log, HasSubstr(" | Linux kernel panic: sync (proce\n"));
    EXPECT_THAT(*log, HasSubstr(" | Linux kernel panic: ss 812) has\n"));
    EXPECT_THAT(*log, HasSubstr(" | Linux kernel panic:  ended\n"));
}

TEST_F(BmcLogTest, ALogThatIsFullIsAnErrorAndNothingElse) {
    start(2);
    ASSERT_FALSE(HasFatalFailure());
    EXPECT_FALSE(write_reset_to_bmc(ask, "corosync (process 812) has ended", Deadline::after(1min)));
    EXPECT_THAT(ipmitool({"sel", "list"}).value_or(""), HasSubstr("Run-time critical stop"));
}

}  // namespace
}  // namespace pando::initrd
