// SPDX-License-Identifier: GPL-2.0-or-later
// What an installation accepts and refuses, on real block devices. Mounting GFS2 needs a kernel that has it: where
// this one has not, an installation stops there, which is the cut-short one of the tests below.
#include "rootfs/install.h"

#include "base/process.h"
#include "loop_lun.h"
#include "rootfs/lun.h"

#include <gmock/gmock.h>

using namespace pando;
using namespace pando::rootfs;
using ::testing::Contains;
using ::testing::HasSubstr;

namespace {

config::Cluster cluster() {
    config::Cluster cluster;
    cluster.name = "grove";
    cluster.nodes.resize(2);
    return cluster;
}

class InstallTest : public test::LoopLun {
protected:
    Result<> try_install(const std::string& overwrite = "", Plan::Mode mode = Plan::Mode::apply) {
        return install(cluster(), {.device = device, .archive = "/nonexistent.tar.zst", .overwrite = overwrite}, mode,
                       Deadline::after(std::chrono::minutes(5)));
    }
    // Partitioned and formatted, and no further: the archive is not there.
    void cut_short() {
        const auto done = try_install();
        ASSERT_FALSE(done);
        ASSERT_THAT(done.error().what, HasSubstr("unpack"));
        ASSERT_EQ(state(), LunState::unfinished);
    }
    LunState state() {
        const auto lun = read_lun(device);
        EXPECT_TRUE(lun) << lun.error().what;
        return lun ? state_of(*lun) : LunState::foreign;
    }
    void expect_refused(const std::string& because) {
        const auto before = sha256_of_ends();
        const auto done = try_install();
        ASSERT_FALSE(done);
        EXPECT_EQ(done.error().kind, ErrorKind::bad_input) << done.error().what;
        EXPECT_THAT(done.error().what, HasSubstr(because));
        EXPECT_FALSE(done.error().advice.empty());
        EXPECT_EQ(sha256_of_ends(), before) << "a refused LUN was changed";
    }
    std::string sha256_of_ends() {
        const auto dumped = run_ok(
            {.argv = {"sh", "-c", "head -c 80M \"$0\" | sha256sum; tail -c 4M \"$0\" | sha256sum", device.string()}});
        return dumped ? dumped->out : "";
    }
};

}  // namespace

TEST_F(InstallTest, BlankLunIsBlank) {
    const auto lun = read_lun(device);
    ASSERT_TRUE(lun) << lun.error().what;
    EXPECT_EQ(lun->holds, "");
    EXPECT_EQ(lun->size, static_cast<uint64_t>(lun_size));
    EXPECT_EQ(state_of(*lun), LunState::blank);
}

TEST_F(InstallTest, LunIsPartitionedAndFormattedForTheCluster) {
    ASSERT_NO_FATAL_FAILURE(cut_short());
    const auto lun = read_lun(device);
    ASSERT_TRUE(lun);
    ASSERT_EQ(lun->partitions.size(), 3U);
    EXPECT_EQ(lun->partitions[0].name, partition_bundle);
    EXPECT_EQ(lun->partitions[0].size, 64U << 20U);
    EXPECT_EQ(lun->partitions[1].name, partition_sbd);
    EXPECT_EQ(lun->partitions[1].size, 8U << 20U);
    EXPECT_GT(lun->partitions[2].size, 2500ULL << 20U);
    const auto table = run_ok({.argv = {"blkid", "-p", "-o", "export", partition_device(device, 3).string()}});
    ASSERT_TRUE(table) << table.error().what;
    EXPECT_THAT(table->out, HasSubstr("TYPE=gfs2"));
    EXPECT_THAT(table->out, HasSubstr("LABEL=grove:root"));
    const auto journals = run_ok({.argv = {"gfs2_edit", "-p", "jindex", partition_device(device, 3).string()}});
    ASSERT_TRUE(journals) << journals.error().what;
    EXPECT_THAT(journals->out, HasSubstr("journal1"));
}

TEST_F(InstallTest, CutShortOneIsBegunAgain) {
    ASSERT_NO_FATAL_FAILURE(cut_short());
    ASSERT_NO_FATAL_FAILURE(cut_short());
}

TEST_F(InstallTest, HalfARootHasNoNameThatABootLooksFor) {
    ASSERT_NO_FATAL_FAILURE(cut_short());
    const auto lun = read_lun(device);
    ASSERT_TRUE(lun);
    for (const auto& part : lun->partitions) EXPECT_NE(part.name, partition_root);
}

TEST_F(InstallTest, OldContentOfTheSlotsIsCleared) {
    ASSERT_NO_FATAL_FAILURE(cut_short());
    const auto lun = read_lun(device);
    ASSERT_TRUE(lun);
    write_at(static_cast<off_t>(lun->partitions[0].start + (32U << 20U)), "PANDO-BUNDLE 1 cluster=old");
    ASSERT_NO_FATAL_FAILURE(cut_short());
    std::string text(26, 'x');
    ASSERT_EQ(pread(loop.get(), text.data(), text.size(), static_cast<off_t>(lun->partitions[0].start + (32U << 20U))),
              26);
    EXPECT_EQ(text, std::string(26, '\0'));
}

TEST_F(InstallTest, FilesystemIsRefused) {
    ASSERT_TRUE(run_ok({.argv = {"mkfs.ext4", "-q", "-F", device.string()}}));
    expect_refused("ext4");
}

TEST_F(InstallTest, PartitionTableIsRefused) {
    ASSERT_TRUE(run_ok({.argv = {"sfdisk", "-q", device.string()}, .input = "label: gpt\nsize=10MiB, name=home\n"}));
    expect_refused("gpt partition table");
}

TEST_F(InstallTest, DataAtEitherEndIsRefused) {
    write_at(100000, "payroll");
    expect_refused("data");
    write_at(100000, std::string(7, '\0'));
    write_at(lun_size - 100000, "payroll");
    expect_refused("data");
}

TEST_F(InstallTest, InstalledRootIsRefused) {
    ASSERT_NO_FATAL_FAILURE(cut_short());
    ASSERT_TRUE(run_ok({.argv = {"sfdisk", "-q", "--part-label", device.string(), "3", partition_root}}));
    ASSERT_EQ(state(), LunState::installed);
    expect_refused("an installed root");
}

TEST_F(InstallTest, OverwritesWhatIsNamedByItsUuidAndNothingElse) {
    ASSERT_TRUE(
        run_ok({.argv = {"mkfs.ext4", "-q", "-F", "-U", "6d1c1a0e-7d0f-4a63-9d3a-2f1f6a0b5c11", device.string()}}));
    const auto other = try_install("6d1c1a0e-7d0f-4a63-9d3a-2f1f6a0b5c12");
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().kind, ErrorKind::bad_input);
    EXPECT_EQ(state(), LunState::foreign);
    const auto right = try_install("6d1c1a0e-7d0f-4a63-9d3a-2f1f6a0b5c11");
    ASSERT_FALSE(right);
    EXPECT_THAT(right.error().what, HasSubstr("unpack"));
    EXPECT_EQ(state(), LunState::unfinished);
}

TEST_F(InstallTest, NothingIsBegunWhenTheTimeIsOver) {
    const auto before = sha256_of_ends();
    for (const auto by : {OverwriteBy::option, OverwriteBy::kernel_argument}) {
        const auto done = install(cluster(), {.device = device, .archive = "/nonexistent.tar.zst", .overwrite_by = by},
                                  Plan::Mode::apply, Deadline::after(Milliseconds(0)));
        ASSERT_FALSE(done);
        EXPECT_EQ(done.error().kind, ErrorKind::timeout) << done.error().what;
        EXPECT_FALSE(done.error().advice.empty());
    }
    EXPECT_EQ(sha256_of_ends(), before);
}

TEST_F(InstallTest, DryRunChangesNothing) {
    ASSERT_TRUE(try_install("", Plan::Mode::print));
    EXPECT_EQ(state(), LunState::blank);
}

TEST_F(InstallTest, LunInUseIsRefused) {
    const UniqueFd user(open(device.c_str(), O_RDWR | O_EXCL | O_CLOEXEC));
    ASSERT_TRUE(user.valid());
    const auto done = try_install();
    ASSERT_FALSE(done);
    EXPECT_THAT(done.error().what, HasSubstr("in use"));
    EXPECT_EQ(state(), LunState::blank);
}

TEST(Install, FileThatIsNoBlockDeviceIsBadInput) {
    const auto done = install(cluster(), {.device = "/etc/passwd", .archive = "a"}, Plan::Mode::print,
                              Deadline::after(std::chrono::minutes(5)));
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().kind, ErrorKind::bad_input);
}
