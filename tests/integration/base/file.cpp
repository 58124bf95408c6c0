// SPDX-License-Identifier: GPL-2.0-or-later
// base/file.h on real mounts: a full filesystem, and a temporary directory in which something is mounted.
#include "base/file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>

using namespace pando;
using testing::ElementsAre;

namespace {

class Mounted : public testing::Test {
protected:
    void SetUp() override {
        // Ours alone: whatever is mounted below goes with this process.
        ASSERT_EQ(unshare(CLONE_NEWNS), 0) << strerror(errno);
        ASSERT_EQ(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0) << strerror(errno);
        auto made = TemporaryDirectory::create("/tmp", "pando-test");
        ASSERT_TRUE(made) << made.error().what;
        directory_ = std::make_unique<TemporaryDirectory>(std::move(*made));
        ASSERT_EQ(mount("tmpfs", disk().c_str(), "tmpfs", 0, "size=256k"), 0) << strerror(errno);
    }
    void TearDown() override { umount2(disk().c_str(), MNT_DETACH); }
    const std::filesystem::path& disk() const { return directory_->path(); }

private:
    std::unique_ptr<TemporaryDirectory> directory_;
};

TEST_F(Mounted, AFullDiskLeavesTheOldFileAndNothingBesideIt) {
    ASSERT_TRUE(write_file_atomic(disk() / "f", "old"));
    auto written = write_file_atomic(disk() / "f", std::string(1U << 20U, 'x'));
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().sys, ENOSPC);
    EXPECT_EQ(read_file(disk() / "f").value_or(""), "old");
    EXPECT_THAT(list_directory(disk()).value_or(std::vector<std::string>()), ElementsAre("f"));
}

TEST_F(Mounted, ATemporaryDirectoryDoesNotEmptyWhatIsMountedInIt) {
    ASSERT_TRUE(make_directories(disk() / "host"));
    ASSERT_TRUE(write_file_atomic(disk() / "host/precious", "x"));
    std::filesystem::path point;
    {
        auto inner = TemporaryDirectory::create(disk(), "tree");
        ASSERT_TRUE(inner);
        point = inner->path() / "dev";
        ASSERT_TRUE(make_directories(point));
        ASSERT_TRUE(write_file_atomic(inner->path() / "rubbish", "x"));
        // The same filesystem bound twice: a device number would not tell them apart.
        ASSERT_EQ(mount((disk() / "host").c_str(), point.c_str(), nullptr, MS_BIND, nullptr), 0) << strerror(errno);
    }
    EXPECT_EQ(read_file(disk() / "host/precious").value_or(""), "x");
    EXPECT_THAT(list_directory(point.parent_path()).value_or(std::vector<std::string>()), ElementsAre("dev"));
}

TEST_F(Mounted, ATreeIsRemovedUpToWhatIsMountedInIt) {
    ASSERT_TRUE(make_directories(disk() / "host"));
    ASSERT_TRUE(write_file_atomic(disk() / "host/precious", "x"));
    ASSERT_TRUE(make_directories(disk() / "tree/deep/dev"));
    ASSERT_TRUE(write_file_atomic(disk() / "tree/deep/rubbish", "x"));
    const auto point = disk() / "tree/deep/dev";
    ASSERT_EQ(mount((disk() / "host").c_str(), point.c_str(), nullptr, MS_BIND, nullptr), 0) << strerror(errno);
    const auto in_use = remove_tree(disk() / "tree");
    EXPECT_FALSE(in_use) << "a mount is below it";
    EXPECT_EQ(read_file(disk() / "host/precious").value_or(""), "x");
    EXPECT_FALSE(std::filesystem::exists(disk() / "tree/deep/rubbish"));
    ASSERT_EQ(umount2(point.c_str(), 0), 0);
    EXPECT_TRUE(remove_tree(disk() / "tree"));
    EXPECT_TRUE(remove_tree(disk() / "tree")) << "nothing there is no error";
    EXPECT_TRUE(remove_tree(disk() / "host/precious")) << "a file";
    EXPECT_THAT(list_directory(disk()).value_or(std::vector<std::string>()), ElementsAre("host"));
}

}  // namespace
