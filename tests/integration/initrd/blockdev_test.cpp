// SPDX-License-Identifier: GPL-2.0-or-later
// A real GFS2 on a loop device of the running kernel, with and without a partition table.
#include "initrd/blockdev.h"

#include "base/file.h"
#include "base/process.h"

#include <gmock/gmock.h>
#include <thread>

using namespace pando;
using namespace pando::initrd;
using testing::AllOf;
using testing::HasSubstr;

namespace {

namespace fs = std::filesystem;

Deadline soon() { return Deadline::after(std::chrono::seconds(20)); }

std::string must(const Command& command) {
    auto done = run_ok(command);
    EXPECT_TRUE(done) << done.error().what;
    std::string out = done ? done->out : "";
    while (!out.empty() && out.back() == '\n') out.pop_back();
    return out;
}

class LoopDisk : public testing::Test {
protected:
    void SetUp() override {
        ASSERT_TRUE(write_file_atomic(image_, ""));
        fs::resize_file(image_, 64U << 20U);
        uuid_ = must({.argv = {"cat", "/proc/sys/kernel/random/uuid"}});
        cluster_.name = "grove";
        cluster_.storage.transport = "local";
        cluster_.root.uuid = uuid_;  // other loop devices of this host are not our business
    }
    void TearDown() override {
        if (!loop_.empty()) must({.argv = {"losetup", "-d", loop_}});
    }
    void attach() { loop_ = must({.argv = {"losetup", "-f", "-P", "--show", image_.string()}}); }
    void make_root(const std::string& table) { make_root_on(loop_, table); }
    void make_root_on(const std::string& partition, const std::string& table) {
        must({.argv = {"mkfs.gfs2", "-O", "-q", "-p", "lock_dlm", "-t", table, "-j", "1", "-J", "8", partition}});
        must({.argv = {"tunegfs2", "-U", uuid_, partition}});
    }

    TemporaryDirectory directory_ = *TemporaryDirectory::create("/tmp", "blockdev-test-");
    fs::path image_ = directory_.path() / "disk";
    std::string loop_, uuid_;
    config::Cluster cluster_;
};

}  // namespace

TEST_F(LoopDisk, HoldsTheRootInItsNamedPartition) {
    attach();
    must({.argv = {"sfdisk", "-q", "--no-reread", loop_},
          .input = "label: gpt\nsize=4M, name=pando-bundle\nname=pando-root\n"});
    must({.argv = {"losetup", "-d", loop_}});
    attach();
    if (!fs::exists(loop_ + "p2")) GTEST_SKIP() << "this kernel reads no GPT";
    make_root_on(loop_ + "p2", "grove:root");
    auto root = wait_for_root(cluster_, soon());
    ASSERT_TRUE(root) << root.error().what;
    EXPECT_EQ(root->device, loop_ + "p2");
    EXPECT_EQ(root->disk, loop_);
    EXPECT_EQ(root->superblock.uuid, uuid_);
    auto partitions = read_partitions(*Sysroot::open("/"), loop_.substr(5));
    ASSERT_TRUE(partitions) << partitions.error().what;
    ASSERT_EQ(partitions->size(), 2U);
    EXPECT_EQ((*partitions)[0].label, "pando-bundle");
    EXPECT_EQ((*partitions)[1].label, "pando-root");
}

TEST_F(LoopDisk, HoldsTheRootWithoutPartitionsToo) {
    attach();
    make_root("grove:root");
    auto root = wait_for_root(cluster_, soon());
    ASSERT_TRUE(root) << root.error().what;
    EXPECT_EQ(root->device, loop_);
    EXPECT_EQ(root->disk, loop_);
}

TEST_F(LoopDisk, IsSeenWhenItAppearsLate) {
    attach();
    make_root("grove:root");
    must({.argv = {"losetup", "-d", loop_}});
    loop_.clear();
    const Deadline deadline = soon();
    std::thread appear([&] { attach(); });
    auto root = wait_for_root(cluster_, deadline);
    appear.join();
    ASSERT_TRUE(root) << root.error().what;
    EXPECT_EQ(root->disk, loop_);
}

TEST_F(LoopDisk, OfAnotherClusterIsRefusedAtOnce) {
    attach();
    make_root("thicket:root");
    auto root = wait_for_root(cluster_, soon());
    ASSERT_FALSE(root);
    EXPECT_EQ(root.error().kind, ErrorKind::failed);
    EXPECT_THAT(root.error().what, AllOf(HasSubstr("thicket:root"), HasSubstr("grove:root"), HasSubstr(loop_)));
}

TEST_F(LoopDisk, WithoutARootEndsAtTheDeadlineAndIsListed) {
    attach();
    const auto start = since_boot();
    auto root = wait_for_root(cluster_, Deadline::after(Milliseconds(700)));
    ASSERT_FALSE(root);
    EXPECT_LT(since_boot() - start, Milliseconds(5000));
    EXPECT_EQ(root.error().kind, ErrorKind::timeout);
    EXPECT_THAT(root.error().what, AllOf(HasSubstr("grove:root"), HasSubstr(loop_.substr(5) + " 64 MiB")));
    EXPECT_FALSE(root.error().advice.empty());
}

TEST_F(LoopDisk, IsNoClusterDiskByAnotherIdentity) {
    attach();
    config::Storage storage = cluster_.storage;
    storage.identity = "naa.6000000000000000000000000000dead";
    auto disk = wait_for_disk(storage, Deadline::after(Milliseconds(300)));
    ASSERT_FALSE(disk);
    EXPECT_THAT(disk.error().what, HasSubstr("naa.6000000000000000000000000000dead"));
}
