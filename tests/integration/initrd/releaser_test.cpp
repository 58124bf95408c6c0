// SPDX-License-Identifier: GPL-2.0-or-later
// Who releases what a drill holds, whoever is killed. What is held here is an ext4 on a loop device, really frozen
// (FIFREEZE): every kernel can do that, and a write to it waits as one to a suspended root does.
#include "initrd/releaser.h"

#include "base/file.h"
#include "initrd/device_map.h"
#include "initrd/probe.h"
#include "initrd/witness.h"
#include "tests/integration/rootfs/loop_lun.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>

using namespace pando;
using namespace pando::initrd;
using std::chrono::seconds;

namespace {

namespace fs = std::filesystem;

class Frozen : public test::LoopLun {
protected:
    static void SetUpTestSuite() {
        ASSERT_EQ(unshare(CLONE_NEWNS), 0);
        ASSERT_EQ(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
    }
    void SetUp() override {
        ASSERT_NO_FATAL_FAILURE(LoopLun::SetUp());
        if (IsSkipped()) return;
        ASSERT_TRUE(run_ok({.argv = {"mkfs.ext4", "-q", device.string()}}));
        auto made = TemporaryDirectory::create("/tmp", "pando-test");
        ASSERT_TRUE(made);
        directory_ = std::make_unique<TemporaryDirectory>(std::move(*made));
        ASSERT_EQ(mount(device.c_str(), point().c_str(), "ext4", 0, nullptr), 0) << strerror(errno);
        root_.reset(open(point().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        hold_ = {.suspend = [this] { return freeze(); },
                 .resume = [this]() -> Result<> {
                     // EINVAL: it is not frozen.
                     if (ioctl(root_.get(), FITHAW, 0) < 0 && errno != EINVAL) return fail_errno(errno, "FITHAW");
                     return {};
                 },
                 .suspended = [this] { return is_frozen(); }};
    }
    void TearDown() override {
        ioctl(root_.get(), FITHAW, 0);
        root_.reset();
        if (directory_) umount2(point().c_str(), MNT_DETACH);
        LoopLun::TearDown();
    }
    const fs::path& point() const { return directory_->path(); }

    Result<> freeze() const {
        if (ioctl(root_.get(), FIFREEZE, 0) < 0) return fail_errno(errno, "FIFREEZE");
        return {};
    }
    // Asked by the write that waits: no other call tells without changing it.
    Result<bool> is_frozen() const {
        auto write = TRY(Probe::start([file = point() / "asked"]() -> Result<std::string> {
            TRY(write_file_atomic(file, "written"));
            return std::string("written");
        }));
        pollfd event{write.fd(), POLLIN, 0};
        const bool waits = poll(&event, 1, 300) == 0;
        write.end();
        return waits;
    }
    // The test's own look: is it let go of within that time?
    bool is_released(Milliseconds patience) const {
        const Deadline deadline = Deadline::after(patience);
        while (is_frozen().value_or(true))
            if (deadline.passed()) return false;
        return true;
    }

    UniqueFd root_;
    Hold hold_;

private:
    std::unique_ptr<TemporaryDirectory> directory_;
};

std::optional<Release> report_of(Releaser& releaser, Milliseconds patience) {
    pollfd event{releaser.fd(), POLLIN, 0};
    if (poll(&event, 1, static_cast<int>(patience.count())) != 1) return std::nullopt;
    return releaser.take_report();
}

}  // namespace

TEST_F(Frozen, IsReleasedWhenItsTimeIsOver) {
    auto releaser = Releaser::start(hold_, seconds(2));
    ASSERT_TRUE(releaser) << releaser.error().what;
    ASSERT_TRUE(releaser->arm());
    const Milliseconds begun = since_boot();
    ASSERT_TRUE(freeze());
    ASSERT_TRUE(is_frozen().value());
    const auto report = report_of(*releaser, seconds(10));
    ASSERT_TRUE(report);
    EXPECT_EQ(report->why, Release::Why::time_over);
    EXPECT_TRUE(report->released);
    EXPECT_GE(report->at - begun.count(), 1990);
    EXPECT_FALSE(is_frozen().value());
}

TEST_F(Frozen, IsReleasedAtOnceWhenAsked) {
    auto releaser = Releaser::start(hold_, seconds(60));
    ASSERT_TRUE(releaser);
    ASSERT_TRUE(releaser->arm());
    ASSERT_TRUE(freeze());
    releaser->release();
    const auto report = report_of(*releaser, seconds(5));
    ASSERT_TRUE(report);
    EXPECT_EQ(report->why, Release::Why::asked);
    EXPECT_FALSE(is_frozen().value());
}

// As `systemctl stop` or a shutdown would end it.
TEST_F(Frozen, IsReleasedAtOnceWhenTheReleaserIsToldToEnd) {
    auto releaser = Releaser::start(hold_, seconds(60));
    ASSERT_TRUE(releaser);
    ASSERT_TRUE(releaser->arm());
    ASSERT_TRUE(freeze());
    kill(releaser->pid(), SIGTERM);
    const auto report = report_of(*releaser, seconds(5));
    ASSERT_TRUE(report);
    EXPECT_EQ(report->why, Release::Why::signal);
    EXPECT_FALSE(is_frozen().value());
}

TEST_F(Frozen, IsReleasedAtOnceWhenTheDrillIsKilled) {
    auto pipe = make_pipe();
    ASSERT_TRUE(pipe);
    const pid_t drill = fork();
    ASSERT_GE(drill, 0);
    if (drill == 0) {
        auto releaser = Releaser::start(hold_, seconds(60));
        if (!releaser || !releaser->arm() || !freeze()) _exit(1);
        (void)!write(pipe->write.get(), "f", 1);
        for (;;) pause();
    }
    char frozen = 0;
    pipe->write.reset();
    ASSERT_EQ(read(pipe->read.get(), &frozen, 1), 1);
    ASSERT_TRUE(is_frozen().value());
    kill(drill, SIGKILL);
    ASSERT_EQ(waitpid(drill, nullptr, 0), drill);
    EXPECT_TRUE(is_released(seconds(10)));
}

// Nobody is there to release any more, and the drill must know it, to do it itself.
TEST_F(Frozen, TheReleasersDeathIsNoticed) {
    auto releaser = Releaser::start(hold_, seconds(60));
    ASSERT_TRUE(releaser);
    ASSERT_TRUE(releaser->arm());
    ASSERT_TRUE(freeze());
    kill(releaser->pid(), SIGKILL);
    const auto report = report_of(*releaser, seconds(5));
    EXPECT_FALSE(report);
    EXPECT_EQ(releaser->fd(), -1);
    EXPECT_TRUE(is_frozen().value());
    EXPECT_TRUE(release_surely(hold_));
    EXPECT_FALSE(is_frozen().value());
}

// A suspension that was still under way when its time was over takes hold after the release.
TEST_F(Frozen, ASuspensionThatComesAfterTheReleaseIsReleasedAsWell) {
    auto releaser = Releaser::start(hold_, Milliseconds(100));
    ASSERT_TRUE(releaser);
    ASSERT_TRUE(releaser->arm());
    ASSERT_TRUE(report_of(*releaser, seconds(5)));
    ASSERT_TRUE(freeze());
    EXPECT_TRUE(is_released(seconds(10)));
}

TEST_F(Frozen, TheWitnessWaitsAndThenWrites) {
    const auto witness = Witness::start(point());
    ASSERT_TRUE(witness) << witness.error().what;
    ASSERT_TRUE(fs::exists(point() / ".drill"));
    ASSERT_TRUE(freeze());
    ASSERT_EQ(write(witness->commands.get(), "w", 1), 1);
    pollfd event{witness->answers.get(), POLLIN, 0};
    EXPECT_EQ(poll(&event, 1, 1000), 0);
    ASSERT_TRUE(release_surely(hold_));
    ASSERT_EQ(poll(&event, 1, 10000), 1);
    int result = -1;
    ASSERT_EQ(read(witness->answers.get(), &result, sizeof result), static_cast<ssize_t>(sizeof result));
    EXPECT_EQ(result, 0);
}

TEST(Probe, AnswersAndErrorsComeBack) {
    auto good = Probe::start([]() -> Result<std::string> { return std::string("on"); });
    auto bad = Probe::start([]() -> Result<std::string> { return fail("no route"); });
    ASSERT_TRUE(good && bad);
    good->take();
    bad->take();
    ASSERT_TRUE(good->answer() && bad->answer());
    EXPECT_EQ(**good->answer(), "on");
    EXPECT_EQ((*bad->answer()).error().what, "no route");
}

TEST(Probe, OneThatHangsIsEndedAndHoldsNobodyUp) {
    auto probe = Probe::start([]() -> Result<std::string> {
        for (;;) pause();
    });
    ASSERT_TRUE(probe);
    const Milliseconds begun = since_boot();
    probe->end();
    EXPECT_FALSE(probe->answer());
    EXPECT_EQ(probe->fd(), -1);
    EXPECT_LT((since_boot() - begun).count(), 900);
}

// Needs device-mapper in the running kernel; where it is not, tests/system/drill is the proof.
TEST(DeviceMapOverLoop, HoldsWhatIsAskedOfItAndLetsItGo) {
    (void)run({.argv = {"modprobe", "-q", "dm_mod"}});
    if (access("/dev/mapper/control", F_OK) < 0) GTEST_SKIP() << "this kernel has no device-mapper";
    const auto directory = TemporaryDirectory::create("/tmp", "pando-test");
    ASSERT_TRUE(directory);
    const std::string image = directory->path() / "disk";
    ASSERT_TRUE(write_file_atomic(image, ""));
    fs::resize_file(image, 16U << 20U);
    auto attached = run_ok({.argv = {"losetup", "--find", "--show", image}});
    ASSERT_TRUE(attached);
    const std::string loop = attached->out.substr(0, attached->out.find('\n'));
    const std::string name = fmt::format("pando-test-{}", getpid());
    const auto map = DeviceMap::linear(name, loop);
    ASSERT_TRUE(map) << map.error().what;
    EXPECT_TRUE(DeviceMap::linear(name, loop)) << "the same again";
    ASSERT_TRUE(map->suspend());
    EXPECT_TRUE(map->suspended().value());
    auto read = Probe::start([file = map->path()]() -> Result<std::string> { return read_file(file); });
    ASSERT_TRUE(read);
    pollfd event{read->fd(), POLLIN, 0};
    EXPECT_EQ(poll(&event, 1, 500), 0);
    EXPECT_TRUE(map->resume());
    EXPECT_FALSE(map->suspended().value());
    EXPECT_EQ(poll(&event, 1, 10000), 1);
    read->end();
    EXPECT_TRUE(map->remove(Deadline::after(seconds(5))));
    EXPECT_FALSE(DeviceMap::find(name).value());
    EXPECT_TRUE(run_ok({.argv = {"losetup", "--detach", loop}}));
}
