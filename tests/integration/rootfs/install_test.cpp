// SPDX-License-Identifier: GPL-2.0-or-later
// What an installation accepts and refuses, on real block devices. Mounting GFS2 needs a kernel that has it: where
// this one has not, an installation stops there, which is the cut-short one of the tests below.
#include "rootfs/install.h"

#include "base/process.h"
#include "config/slots.h"
#include "loop_lun.h"
#include "rootfs/gpt.h"
#include "rootfs/lun.h"
#include "rootfs/prepare.h"

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
    // With the bundle of a cluster on it.
    void prepare(const std::string& whose = "grove") {
        const auto prepared = prepare_lun(device, "", Deadline::after(std::chrono::minutes(5)));
        ASSERT_TRUE(prepared) << prepared.error().what;
        const auto store = open_partition(*open_store(device), partition_bundle);
        ASSERT_TRUE(store) << store.error().what;
        ASSERT_TRUE(config::write_slot(**store, {whose, 1, {{"cluster.yaml", "no matter"}}}));
    }
    uint64_t generation() {
        const auto store = open_partition(*open_store(device), partition_bundle);
        EXPECT_TRUE(store);
        const auto newest = config::read_newest(**store, "grove");
        return newest ? newest->generation : 0;
    }
    // Formatted, and no further: the archive is not there.
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

TEST_F(InstallTest, PreparedLunIsFormattedForTheClusterAndKeepsItsBundle) {
    prepare();
    ASSERT_NO_FATAL_FAILURE(cut_short());
    EXPECT_EQ(generation(), 1U);
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
    prepare();
    ASSERT_NO_FATAL_FAILURE(cut_short());
    ASSERT_NO_FATAL_FAILURE(cut_short());
}

TEST_F(InstallTest, HalfARootHasNoNameThatABootLooksFor) {
    prepare();
    ASSERT_NO_FATAL_FAILURE(cut_short());
    const auto lun = read_lun(device);
    ASSERT_TRUE(lun);
    for (const auto& part : lun->partitions) EXPECT_NE(part.name, partition_root);
}

TEST_F(InstallTest, BlankOrHalfPreparedLunIsRefusedWithWhatToDo) {
    expect_refused("it is blank");
    EXPECT_THAT(try_install().error().advice, HasSubstr("pando bundle write --initial"));
    write_at(0, preparing_mark);
    expect_refused("its preparation was cut short");
}

TEST_F(InstallTest, LunWithoutABundleOfThisClusterIsRefused) {
    ASSERT_TRUE(prepare_lun(device, "", Deadline::after(std::chrono::minutes(5))));
    EXPECT_THAT(try_install().error().what, HasSubstr("no bundle of cluster grove"));
    prepare("wood");
    EXPECT_THAT(try_install().error().what, HasSubstr("it is of cluster wood"));
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

TEST_F(InstallTest, InstalledRootIsRefusedUnlessItIsNamedAndKeepsItsBundle) {
    prepare();
    ASSERT_NO_FATAL_FAILURE(cut_short());
    ASSERT_TRUE(run_ok({.argv = {"sfdisk", "-q", "--part-label", device.string(), "3", partition_root}}));
    ASSERT_EQ(state(), LunState::installed);
    expect_refused("an installed root");
    const auto uuid = run_ok({.argv = {"blkid", "-p", "-s", "PTUUID", "-o", "value", device.string()}});
    ASSERT_TRUE(uuid);
    EXPECT_THAT(try_install(uuid->out.substr(0, 36)).error().what, HasSubstr("unpack"));
    EXPECT_EQ(state(), LunState::unfinished);
    EXPECT_EQ(generation(), 1U);
}

TEST_F(InstallTest, ForeignContentIsForThePreparationToOverwriteNotForTheInstallation) {
    const std::string uuid = "6d1c1a0e-7d0f-4a63-9d3a-2f1f6a0b5c11";
    ASSERT_TRUE(run_ok({.argv = {"mkfs.ext4", "-q", "-F", "-U", uuid, device.string()}}));
    const auto other = try_install("6d1c1a0e-7d0f-4a63-9d3a-2f1f6a0b5c12");
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().kind, ErrorKind::bad_input);
    EXPECT_THAT(try_install(uuid).error().advice, HasSubstr("pando bundle write --initial"));
    EXPECT_EQ(state(), LunState::foreign);
}

TEST_F(InstallTest, NothingIsBegunWhenTheTimeIsOver) {
    prepare();
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
    prepare();
    const auto before = sha256_of_ends();
    ASSERT_TRUE(try_install("", Plan::Mode::print));
    EXPECT_EQ(sha256_of_ends(), before);
}

TEST_F(InstallTest, LunInUseIsRefused) {
    prepare();
    const UniqueFd user(open(device.c_str(), O_RDWR | O_EXCL | O_CLOEXEC));
    ASSERT_TRUE(user.valid());
    const auto done = try_install();
    ASSERT_FALSE(done);
    EXPECT_THAT(done.error().what, HasSubstr("in use"));
}

TEST(Install, FileThatIsNoBlockDeviceIsBadInput) {
    const auto done = install(cluster(), {.device = "/etc/passwd", .archive = "a"}, Plan::Mode::print,
                              Deadline::after(std::chrono::minutes(5)));
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().kind, ErrorKind::bad_input);
}
