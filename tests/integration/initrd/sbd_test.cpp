// SPDX-License-Identifier: GPL-2.0-or-later
// The real sbd on a loop device, started as a node starts it, without a watchdog. It resets the machine when it is told
// to: so every test is the first process of a process namespace, which is all that a reboot ends there, and sysrq lies
// under another file.
#include "initrd/sbd.h"

#include "base/file.h"
#include "base/procfs.h"
#include "config/fence_agent.h"
#include "config/sbd.h"
#include "initrd/sbd_disk.h"

#include <gmock/gmock.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>
#include <functional>
#include <map>
#include <memory>

namespace pando::initrd {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr config::SbdTimes times{5, 1};  // a message is waited for no longer than the test must

Result<Finished> sbd(const std::vector<std::string>& argv, Deadline deadline) {
    return run({.argv = argv, .deadline = deadline});
}

class SbdTest : public testing::Test {
protected:
    void SetUp() override {
        if (geteuid() != 0) GTEST_SKIP() << "needs root";
        auto made = TemporaryDirectory::create("/var/tmp", "pando-test");
        ASSERT_TRUE(made);
        directory_ = std::make_unique<TemporaryDirectory>(std::move(*made));
        const fs::path file = directory_->path() / "disk";
        ASSERT_TRUE(run_ok({.argv = {"truncate", "-s", "8M", file}}));
        const auto loop = run_ok({.argv = {"losetup", "--find", "--show", file}});
        ASSERT_TRUE(loop) << loop.error().what;
        disk_ = loop->out.substr(0, loop->out.find('\n'));
        const auto prepared = prepare_sbd_disk(
            sbd, disk_, times, [] { return std::vector<std::string>(); }, Deadline::after(20s));
        ASSERT_TRUE(prepared) << prepared.error().what;
    }
    void TearDown() override {
        if (!disk_.empty()) (void)run({.argv = {"losetup", "--detach", disk_}});
    }

    // As a machine of its own. Its end: an exit status, or 128 and the signal; a reboot is SIGHUP (reboot(2)).
    static int on_a_machine(const std::function<void()>& body) {
        const pid_t outer = fork();
        if (outer == 0) {
            if (unshare(CLONE_NEWPID | CLONE_NEWNS) < 0) _exit(90);
            const pid_t machine = fork();
            if (machine == 0) {
                if (!hide_this_one()) _exit(91);
                body();
                _exit(testing::Test::HasFailure() ? 1 : 0);
            }
            int status = 0;
            waitpid(machine, &status, 0);
            _exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
        }
        int status = 0;
        waitpid(outer, &status, 0);
        return WEXITSTATUS(status);
    }
    static constexpr int rebooted = 128 + SIGHUP;

    void start() {
        SbdPlan plan{"n1", {disk_}, "/dev/null", times};
        Command command{.argv = sbd_command(plan), .argv0 = "@sbd"};
        command.env = {{"SBD_PACEMAKER", "no"},
                       {"SBD_SYNC_RESOURCE_STARTUP", "no"},
                       {"SBD_MOVE_TO_ROOT_CGROUP", "no"},
                       {"LD_PRELOAD", fs::path(PANDO_BINARY_DIR) / "initrd/pando-lock.so"}};
        auto starter = Child::spawn(command);
        ASSERT_TRUE(starter);
        const auto status = starter->wait(Deadline::after(20s));
        ASSERT_TRUE(status) << status.error().what;
        ASSERT_EQ(*status, 0);
        ASSERT_TRUE(sbd_process());
    }
    void message(const std::string& what) {
        ASSERT_TRUE(run_ok({.argv = {"sbd", "-d", disk_, "message", "n1", what}}));
    }
    std::string slot() const {
        const auto list = run_ok({.argv = {"sbd", "-d", disk_, "list"}});
        return list ? parse_sbd_list(list->out)["n1"] : list.error().what;
    }
    bool becomes(const std::string& wanted) const {
        const Deadline deadline = Deadline::after(10s);
        while (slot() != wanted && !deadline.passed()) poll(nullptr, 0, 100);
        return slot() == wanted;
    }

    std::string disk_;

private:
    static bool hide_this_one() {
        if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) < 0) return false;
        if (mount("proc", "/proc", "proc", 0, nullptr) < 0) return false;
        if (fs::exists("/proc/sysrq-trigger") &&
            mount("/dev/null", "/proc/sysrq-trigger", nullptr, MS_BIND, nullptr) < 0)
            return false;
        return make_directories("/run/pando") && mount("tmpfs", "/run/pando", "tmpfs", 0, nullptr) == 0;
    }

    std::unique_ptr<TemporaryDirectory> directory_;
};

TEST_F(SbdTest, AMessageOfTheBootBeforeIsClearedAtTheStart) {
    ASSERT_TRUE(run_ok({.argv = {"sbd", "-d", disk_, "allocate", "n1"}}));
    message("reset");
    ASSERT_EQ(slot(), "reset");
    EXPECT_EQ(on_a_machine([&] {
                  start();
                  EXPECT_EQ(slot(), "clear");
                  poll(nullptr, 0, 3000);  // three of its looks
                  EXPECT_TRUE(sbd_process()) << "it read the old message";
              }),
              0);
}

TEST_F(SbdTest, KeepsTheNameThatSystemdSpares) {
    EXPECT_EQ(on_a_machine([&] {
                  start();
                  const auto all = processes_named("@sbd");
                  ASSERT_TRUE(all);
                  EXPECT_EQ(all->size(), 2U) << "the one that feeds, and the one that reads";
                  EXPECT_THAT(*all, testing::Contains(*sbd_process()));
              }),
              0);
}

TEST_F(SbdTest, ReadsItsSlotAndEndsInOrder) {
    EXPECT_EQ(on_a_machine([&] {
                  start();
                  message("test");
                  EXPECT_TRUE(becomes("clear"));
                  const auto ended = end_sbd(Deadline::after(10s));
                  ASSERT_TRUE(ended) << ended.error().what;
                  EXPECT_EQ(*ended, "ok");
                  EXPECT_TRUE(processes_named("@sbd")->empty());
                  EXPECT_EQ(slot(), "clear");
              }),
              0);
}

TEST_F(SbdTest, TheAgentsMessageResetsTheMachine) {
    EXPECT_EQ(on_a_machine([&] {
                  start();
                  config::Cluster cluster;
                  cluster.nodes.resize(1);
                  cluster.nodes[0].name = "n1";
                  config::FenceDevice device;
                  device.agent = "fence_sbd";
                  device.options["devices"] = disk_;
                  cluster.nodes[0].fence = {device};
                  config::complete_sbd(cluster);
                  const auto input = [&](const char* action) {
                      return config::agent_input(cluster.nodes[0].fence[0], action);
                  };
                  const auto asked = run({.argv = {"fence_sbd"}, .input = input("status")});
                  ASSERT_TRUE(asked);
                  EXPECT_EQ(asked->status, config::agent_says_on) << asked->last_words();
                  if (HasFailure()) return;
                  (void)run({.argv = {"fence_sbd"}, .input = input("reboot")});
                  poll(nullptr, 0, 10000);
              }),
              rebooted);
    EXPECT_EQ(slot(), "reset");
}

TEST_F(SbdTest, WhenItIsKilledWhatReadsTheDiskResetsTheMachine) {
    EXPECT_EQ(on_a_machine([&] {
                  start();
                  kill(*sbd_process(), SIGKILL);
                  poll(nullptr, 0, 10000);
              }),
              rebooted);
}

}  // namespace
}  // namespace pando::initrd
