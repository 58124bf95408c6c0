// SPDX-License-Identifier: GPL-2.0-or-later
#include "rootfs/prepare.h"

#include "base/process.h"
#include "config/slots.h"
#include "rootfs/gpt.h"
#include "rootfs/install.h"
#include "tests/integration/rootfs/loop_lun.h"

#include <gmock/gmock.h>
#include <poll.h>
#include <sys/wait.h>
#include <csignal>
#include <random>

namespace pando::test {
namespace {

using namespace rootfs;
using testing::HasSubstr;

Deadline soon() { return Deadline::after(std::chrono::minutes(2)); }

class PrepareTest : public LoopLun {
protected:
    std::filesystem::path plain_file() const { return work->path() / "plain"; }
    void SetUp() override {
        LoopLun::SetUp();
        if (IsSkipped()) return;
        const UniqueFd fd(open(plain_file().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
        ASSERT_EQ(ftruncate(fd.get(), lun_size), 0);
    }
    static void expect_prepared(const std::filesystem::path& lun) {
        const auto done = prepare_lun(lun, "", soon());
        ASSERT_TRUE(done) << done.error().what;
        EXPECT_EQ(state_of(*read_lun(lun)), LunState::unfinished);
        const auto store = open_partition(*open_store(lun), partition_bundle);
        ASSERT_TRUE(store) << store.error().what;
        EXPECT_EQ((*store)->size(), 64U << 20U);
        EXPECT_EQ((*store)->read(0, 16U << 20U)->find_first_not_of('\0'), std::string::npos) << "slots or register";
    }
};

TEST_F(PrepareTest, ABlankDeviceAndABlankFileGetThePartitions) {
    expect_prepared(device);
    expect_prepared(plain_file());
}

TEST_F(PrepareTest, WhatIsPreparedIsLeftAsItIs) {
    for (const auto& lun : {device, plain_file()}) {
        expect_prepared(lun);
        const auto store = open_partition(*open_store(lun), partition_bundle);
        ASSERT_TRUE(config::write_slot(**store, {"grove", 3, {{"a", "b"}}}));
        ASSERT_TRUE(prepare_lun(lun, "", soon()));
        EXPECT_EQ(config::read_newest(**store, "grove")->generation, 3U);
    }
}

TEST_F(PrepareTest, WhatAnEarlierOwnerLeftInTheSlotsIsGone) {
    for (const off_t at : {off_t(1) << 20, (off_t(9) << 20) + 4096, off_t(70) << 20})
        write_at(at, "PANDO-BUNDLE 1 cluster=old");
    expect_prepared(device);
}

TEST_F(PrepareTest, OtherContentIsRefusedUnlessTheLunIsNamed) {
    const std::string uuid = "6d1c1a0e-7d0f-4a63-9d3a-2f1f6a0b5c11";
    ASSERT_TRUE(run_ok({.argv = {"mkfs.ext4", "-q", "-F", "-U", uuid, device.string()}}));
    for (const char* overwrite : {"", "another"}) {
        const auto done = prepare_lun(device, overwrite, soon());
        ASSERT_FALSE(done);
        EXPECT_EQ(done.error().kind, ErrorKind::bad_input);
        EXPECT_THAT(done.error().what, HasSubstr("ext4"));
        EXPECT_THAT(done.error().advice, HasSubstr("--overwrite"));
    }
    ASSERT_TRUE(prepare_lun(device, uuid, soon()));
    expect_prepared(device);
}

TEST_F(PrepareTest, ALunInUseOrTooSmallIsRefused) {
    const UniqueFd user(open(device.c_str(), O_RDWR | O_EXCL | O_CLOEXEC));
    EXPECT_FALSE(prepare_lun(device, "", soon()));
    ASSERT_EQ(truncate(plain_file().c_str(), off_t(100) << 20), 0);
    EXPECT_THAT(prepare_lun(plain_file(), "", soon()).error().what, HasSubstr("a root needs"));
    EXPECT_FALSE(prepare_lun("/dev/null", "", soon()));
}

// The table is there, its first sector is not yet: the last thing before a power cut.
TEST_F(PrepareTest, AnUnfinishedTableIsBegunAgain) {
    expect_prepared(device);
    std::string mark(preparing_mark);
    mark.resize(512, '\0');
    write_at(0, mark);
    EXPECT_EQ(state_of(*read_lun(device)), LunState::preparing);
    expect_prepared(device);
}

TEST_F(PrepareTest, KilledAnywhereTheNextRunCompletesIt) {
    std::mt19937 random(11);
    std::uniform_int_distribution<int> moment(1, 60);  // milliseconds
    int cut = 0;
    for (int round = 0; round < 30; ++round) {
        ASSERT_EQ(truncate(plain_file().c_str(), 0), 0);
        ASSERT_EQ(truncate(plain_file().c_str(), lun_size), 0);
        const pid_t child = fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            setpgid(0, 0);  // sfdisk dies with it
            _exit(prepare_lun(plain_file(), "", soon()) ? 0 : 1);
        }
        setpgid(child, child);
        (void)poll(nullptr, 0, moment(random));
        kill(-child, SIGKILL);
        int status = 0;
        ASSERT_EQ(waitpid(child, &status, 0), child);
        cut += WIFSIGNALED(status) ? 1 : 0;
        expect_prepared(plain_file());
    }
    EXPECT_GT(cut, 3) << "it was never killed at work";
}

}  // namespace
}  // namespace pando::test
