// SPDX-License-Identifier: GPL-2.0-or-later
// The built pando-survival watch with real daemons' stand-ins, real signals and real files. What could reset this
// machine lies under other files, in a mount namespace of the test's own.
#include "initrd/watch.h"
#include "base/file.h"
#include "base/process.h"
#include "chroot-builder/residence.h"
#include "initrd/notify.h"
#include "initrd/watch_rules.h"

#include <gmock/gmock.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <csignal>
#include <map>
#include <memory>

namespace pando::initrd {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

const fs::path survival = fs::path(PANDO_BINARY_DIR) / "initrd/pando-survival";
const fs::path gfs2 = "/sys/fs/gfs2/test:watch";
const fs::path console = "/run/pando/console", sysrq = "/proc/sysrq-trigger";

template <typename Wanted>
bool comes_true(const Wanted& wanted, Milliseconds within = 15s) {
    const Deadline deadline = Deadline::after(within);
    while (!wanted() && !deadline.passed()) poll(nullptr, 0, 20);
    return wanted();
}

void cover(const fs::path& covered, const fs::path& with) {
    ASSERT_EQ(mount(with.c_str(), covered.c_str(), nullptr, MS_BIND, nullptr), 0) << covered << strerror(errno);
}

class WatchTest : public testing::Test {
protected:
    void SetUp() override {
        if (!fs::exists(sysrq)) GTEST_SKIP() << "this kernel has no " << sysrq;
        ASSERT_EQ(unshare(CLONE_NEWNS), 0) << "needs root";
        ASSERT_EQ(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
        ASSERT_TRUE(make_directories("/run/pando"));
        ASSERT_EQ(mount("tmpfs", "/run/pando", "tmpfs", 0, nullptr), 0);
        ASSERT_EQ(mount("tmpfs", "/sys/fs", "tmpfs", 0, nullptr), 0);
        for (const char* file : {"sysrq", "rate", "console"})
            ASSERT_TRUE(write_file_atomic(fs::path("/run/pando") / file, ""));
        auto made = TemporaryDirectory::create("/var/tmp", "pando-test");  // not every tmpfs takes direct reads
        ASSERT_TRUE(made);
        directory_ = std::make_unique<TemporaryDirectory>(std::move(*made));
        ASSERT_TRUE(write_file_atomic(disk(), std::string(4096, 'x')));
        ASSERT_TRUE(write_file_atomic("/run/pando/panic", "0\n"));
        ASSERT_TRUE(make_directories("/run/pando/tty"));
        ASSERT_TRUE(write_file_atomic("/run/pando/tty/active", "../run/pando/console\n"));
        cover(sysrq, "/run/pando/sysrq");
        cover("/proc/sys/kernel/panic", "/run/pando/panic");
        cover("/proc/sys/kernel/printk_devkmsg", "/run/pando/rate");
        cover("/dev/kmsg", "/dev/null");
        cover("/sys/class/tty/console", "/run/pando/tty");
        printk_ = read_line("/proc/sys/kernel/printk").value_or("");
        // Nothing is started that could reach the real one.
        struct statfs filesystem {};
        constexpr long tmpfs = 0x01021994;
        ASSERT_FALSE(HasFatalFailure());
        ASSERT_EQ(statfs(sysrq.c_str(), &filesystem), 0);
        ASSERT_EQ(filesystem.f_type, tmpfs) << sysrq << " is the kernel's: this test would reset this machine";
        covered_ = true;
    }
    void TearDown() override {
        for (Child& child : children_) {
            kill(child.pid(), SIGKILL);
            (void)child.wait(Deadline::after(5s));
        }
        if (!printk_.empty()) (void)write_existing("/proc/sys/kernel/printk", printk_);
    }

    fs::path disk() const { return directory_->path() / "disk"; }
    Child& start(const Command& command) {
        auto child = Child::spawn(command);
        EXPECT_TRUE(child) << child.error().what;
        children_.push_back(std::move(*child));
        return children_.back();
    }
    // Stand-ins of those that must run, then the watch, then the mount, as in a boot.
    void start_all(WatchSettings settings = {}) {
        ASSERT_TRUE(covered_);
        for (const char* name : {"corosync", "dlm_controld", "pando-follow"})
            daemons_[name] = start({.argv = {"sleep", "1000"}, .argv0 = fmt::format("@{}", name)}).pid();
        settings.node = "n1";
        settings.lock_table = gfs2.filename();
        settings.storage = {disk()};
        settings.mode = "off";
        Command command{.argv = {survival, "watch"}, .argv0 = "@pando-watch"};
        for (std::string& word : to_words(settings)) command.argv.push_back(std::move(word));
        const auto ready = ReadySocket::open("pando-test-watch");
        ASSERT_TRUE(ready);
        command.env = {{"NOTIFY_SOCKET", ready->address()}};
        watch_ = start(command).pid();
        ASSERT_TRUE(ready->wait(children_.back(), Deadline::after(10s))) << said();
        ASSERT_TRUE(make_directories(gfs2));
        ASSERT_TRUE(write_file_atomic(gfs2 / "withdraw", "0\n"));
    }
    static std::string said() { return read_file(console).value_or(""); }
    static bool was_reset() { return read_file(sysrq).value_or("") == "c"; }
    static void expect_no_reset(Milliseconds within) {
        EXPECT_FALSE(comes_true(was_reset, within)) << said();
        EXPECT_THAT(said(), Not(HasSubstr("resets itself")));
    }
    void expect_reset(const std::string& reason) {
        EXPECT_TRUE(comes_true(was_reset)) << said();
        EXPECT_THAT(said(), HasSubstr("ERROR this machine resets itself now: " + reason));
    }

    std::map<std::string, pid_t> daemons_;
    pid_t watch_ = -1;

private:
    std::unique_ptr<TemporaryDirectory> directory_;
    std::vector<Child> children_;
    std::string printk_;
    bool covered_ = false;
};

TEST_F(WatchTest, LeavesAHealthyNodeAlone) {
    start_all();
    expect_no_reset(3s);
    EXPECT_EQ(read_line("/run/pando/panic").value_or(""), "10") << "a kernel that panics starts again";
    const auto state = parse_watch_state(read_file(watch_file).value_or(""));
    ASSERT_TRUE(state);
    EXPECT_EQ(state->mode, "off");
}

TEST_F(WatchTest, ResetsWhenADaemonWasKilled) {
    start_all();
    expect_no_reset(2s);
    kill(daemons_["dlm_controld"], SIGKILL);
    expect_reset(fmt::format("dlm_controld (process {}) has ended", daemons_["dlm_controld"]));
}

TEST_F(WatchTest, ResetsWhenADaemonWasNeverThere) {
    start_all();
    kill(daemons_["corosync"], SIGKILL);  // before the mount was seen, or after it
    expect_reset("corosync");
}

TEST_F(WatchTest, ResetsWhenTheRootWithdrew) {
    start_all();
    ASSERT_TRUE(write_existing(gfs2 / "withdraw", "1\n"));
    expect_reset("GFS2 has withdrawn from the shared root");
}

TEST_F(WatchTest, ResetsWhenTheStorageFailsForLongerThanItMay) {
    WatchSettings settings;
    settings.patience = 3000ms;
    start_all(settings);
    expect_no_reset(4s);
    ASSERT_EQ(truncate(disk().c_str(), 0), 0);
    expect_reset(fmt::format("the LUN ({}) has answered nothing for 3 s: ", disk().string()));
}

TEST_F(WatchTest, AShortSilenceIsWaitedFor) {
    WatchSettings settings;
    settings.patience = 6000ms;
    start_all(settings);
    ASSERT_EQ(truncate(disk().c_str(), 0), 0);
    expect_no_reset(3s);
    ASSERT_EQ(truncate(disk().c_str(), 4096), 0);
    expect_no_reset(6s);
}

TEST_F(WatchTest, AnOrderlyExitMayEndEveryDaemon) {
    start_all();
    kill(watch_, SIGTERM);
    expect_no_reset(1500ms);
    for (const auto& [name, pid] : daemons_) kill(pid, SIGKILL);
    expect_no_reset(3s);
    auto watch = Child::adopt(watch_);
    ASSERT_TRUE(watch);
    EXPECT_TRUE(watch->running());
    kill(watch_, SIGUSR1);
    EXPECT_TRUE(watch->wait(Deadline::after(5s))) << "it lets go when the machine is to stand still";
}

TEST_F(WatchTest, AShutdownThatDoesNotEndIsReset) {
    WatchSettings settings;
    settings.shutdown = 3000ms;
    start_all(settings);
    const Child& stopping = start({.argv = {survival, "stopping"}});
    const pid_t pid = stopping.pid();
    // It has put the signal aside for itself before it locks its memory.
    ASSERT_TRUE(comes_true([&] { return chroot::memory_of(pid).value_or(chroot::Memory()).locked > 0; }));
    expect_no_reset(4s);
    kill(pid, SIGTERM);
    EXPECT_TRUE(comes_true([] { return fs::exists(stopping_file); }));
    expect_reset("the shutdown is not over after 3 s");
}

}  // namespace
}  // namespace pando::initrd
