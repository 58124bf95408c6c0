// SPDX-License-Identifier: GPL-2.0-or-later
// Disks are recorded sysfs trees; filesystems are made by the real mkfs.gfs2 in plain files that stand for /dev/….
#include "initrd/blockdev.h"

#include "base/process.h"
#include "initrd/bundle_disk.h"
#include "tests/unit/hwdetect/recorded_machine.h"

#include <gmock/gmock.h>

using namespace pando;
using namespace pando::initrd;
using test::RecordedMachine;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;

namespace {

namespace fs = std::filesystem;

constexpr const char* uuid_a = "fbcc16f0-aba5-4941-96d5-e67364f531ed";
constexpr const char* uuid_b = "11111111-2222-4333-8444-555555555555";

void make_gfs2(const fs::path& file, const std::string& table, const std::string& uuid,
               const std::string& protocol = "lock_dlm") {
    fs::create_directories(file.parent_path());
    ASSERT_TRUE(write_file_atomic(file, ""));
    fs::resize_file(file, 48U << 20U);
    std::vector<std::string> mkfs = {"mkfs.gfs2", "-O", "-q", "-p", protocol, "-j", "1", "-J", "8"};
    if (protocol == "lock_dlm") mkfs.insert(mkfs.end(), {"-t", table});
    mkfs.push_back(file.string());
    auto made = run_ok({.argv = mkfs});
    ASSERT_TRUE(made) << made.error().what;
    made = run_ok({.argv = {"tunegfs2", "-U", uuid, file.string()}});
    ASSERT_TRUE(made) << made.error().what;
}

// One iSCSI disk with three partitions, as the kernel shows it.
RecordedMachine iscsi_blade() {
    return RecordedMachine(R"(sys/class/block/sda -> ../../devices/platform/host2/session1/target2:0:0/2:0:0:1/block/sda
sys/devices/platform/host2/session1/target2:0:0/2:0:0:1/block/sda/size = 2097152
sys/devices/platform/host2/session1/target2:0:0/2:0:0:1/block/sda/device -> ../../../2:0:0:1
sys/devices/platform/host2/session1/target2:0:0/2:0:0:1/wwid = naa.60000000000000000e00000000010001
sys/devices/platform/host2/session1/target2:0:0/2:0:0:1/block/sda/sda1/partition = 1
sys/devices/platform/host2/session1/target2:0:0/2:0:0:1/block/sda/sda1/size = 8192
sys/devices/platform/host2/session1/target2:0:0/2:0:0:1/block/sda/sda3/partition = 3
sys/devices/platform/host2/session1/target2:0:0/2:0:0:1/block/sda/sda3/size = 98304
sys/class/block/sda1 -> ../../devices/platform/host2/session1/target2:0:0/2:0:0:1/block/sda/sda1
sys/class/block/sda3 -> ../../devices/platform/host2/session1/target2:0:0/2:0:0:1/block/sda/sda3
sys/class/iscsi_session/session1/targetname = iqn.2026-01.org.example:root
sys/class/block/zram0/size = 4096
sys/class/block/loop0/size = 0
dev/
)");
}

void name_partition(const RecordedMachine& recorded, const std::string& partition, const std::string& label) {
    const auto uevent =
        recorded.path() / "sys/devices/platform/host2/session1/target2:0:0/2:0:0:1/block/sda" / partition / "uevent";
    ASSERT_TRUE(write_file_atomic(uevent, "MAJOR=8\nDEVTYPE=partition\nPARTN=3\nPARTNAME=" + label + "\n"));
}

config::Cluster grove() {
    config::Cluster cluster;
    cluster.name = "grove";
    cluster.storage.iscsi = config::Iscsi{{"192.0.2.1"}, "iqn.2026-01.org.example:root", 1, "iqn.x"};
    return cluster;
}

}  // namespace

TEST(Gfs2Superblock, OfARealFilesystemIsRead) {
    const auto directory = *TemporaryDirectory::create("/tmp", "gfs2-");
    const fs::path image = directory.path() / "image";
    make_gfs2(image, "grove:root", uuid_a);
    const std::string bytes = read_file(image)->substr(gfs2_superblock_offset, gfs2_superblock_size);
    auto superblock = parse_gfs2(bytes);
    ASSERT_TRUE(superblock) << superblock.error().what;
    EXPECT_EQ(superblock->lock_protocol, "lock_dlm");
    EXPECT_EQ(superblock->lock_table, "grove:root");
    EXPECT_EQ(superblock->uuid, uuid_a);
    EXPECT_EQ(superblock->block_size, 4096U);

    for (size_t length = 0; length < 272; ++length) EXPECT_FALSE(parse_gfs2(bytes.substr(0, length))) << length;
    std::string endless = bytes;
    endless.replace(0xa0, 64, 64, 'x');
    EXPECT_FALSE(parse_gfs2(endless));
    std::string unprintable = bytes;
    unprintable[0xa0] = '\x1b';
    EXPECT_FALSE(parse_gfs2(unprintable));
    std::string sizeless = bytes;
    sizeless.replace(0x24, 4, 4, '\0');
    EXPECT_FALSE(parse_gfs2(sizeless));
}

TEST(Gfs2Superblock, IsNotSeenInOtherBytes) {
    EXPECT_FALSE(parse_gfs2(std::string(gfs2_superblock_size, '\0')));
    EXPECT_FALSE(parse_gfs2(std::string(gfs2_superblock_size, '\xff')));
    EXPECT_FALSE(parse_gfs2(""));
}

TEST(Disks, AreReadWithTargetLunAndIdentities) {
    const auto recorded = iscsi_blade();
    auto disks = read_disks(recorded.root());
    ASSERT_TRUE(disks) << disks.error().what;
    ASSERT_EQ(disks->size(), 1U) << "no partition, no zram, no empty loop device";
    const Disk& disk = disks->front();
    EXPECT_EQ(disk.size, 1U << 30U);
    EXPECT_EQ(disk.target, "iqn.2026-01.org.example:root");
    EXPECT_EQ(disk.lun, 1U);
    for (const char* name : {"naa.60000000000000000e00000000010001", "wwn-0x60000000000000000e00000000010001",
                             "360000000000000000e00000000010001", "scsi-360000000000000000e00000000010001"})
        EXPECT_THAT(disk.identities, Contains(name));
}

TEST(Disks, AreTheClustersByIdentityInEveryUsualForm) {
    const auto disk = read_disks(iscsi_blade().root())->front();
    config::Storage storage;
    for (const char* name : {"naa.60000000000000000e00000000010001", "0x60000000000000000e00000000010001",
                             "/dev/disk/by-id/wwn-0x60000000000000000E00000000010001",
                             "/dev/disk/by-id/scsi-360000000000000000e00000000010001"}) {
        storage.identity = name;
        EXPECT_TRUE(is_cluster_disk(storage, disk)) << name;
    }
    storage.identity = "naa.60000000000000000e00000000010002";
    EXPECT_FALSE(is_cluster_disk(storage, disk));
}

TEST(Disks, AreTheClustersByTargetAndLun) {
    const auto disk = read_disks(iscsi_blade().root())->front();
    config::Storage storage = grove().storage;
    EXPECT_TRUE(is_cluster_disk(storage, disk));
    storage.iscsi->lun = 2;
    EXPECT_FALSE(is_cluster_disk(storage, disk));
    storage.iscsi->lun = 1;
    storage.iscsi->target = "iqn.2026-01.org.example:other";
    EXPECT_FALSE(is_cluster_disk(storage, disk));
}

TEST(Disks, KnowVirtioNvmeAndT10Names) {
    const RecordedMachine recorded(R"(sys/class/block/vda/size = 2048
sys/class/block/vda/serial = pando root
sys/class/block/nvme0n1/size = 2048
sys/class/block/nvme0n1/wwid = eui.0025385b71b0d1c2
sys/class/block/nvme0n1/device/model = SAMSUNG MZVLB512
sys/class/block/nvme0n1/device/serial = S4EMNX0R
sys/class/block/sdb/size = 2048
sys/class/block/sdb/device/wwid = t10.IET     00010001
)");
    auto disks = *read_disks(recorded.root());
    ASSERT_EQ(disks.size(), 3U);
    EXPECT_THAT(disks[0].identities, AllOf(Contains("eui.0025385b71b0d1c2"), Contains("nvme-eui.0025385b71b0d1c2"),
                                           Contains("nvme-SAMSUNG_MZVLB512_S4EMNX0R")));
    EXPECT_THAT(disks[1].identities, AllOf(Contains("t10.IET_00010001"), Contains("scsi-1IET_00010001")));
    EXPECT_THAT(disks[2].identities, AllOf(Contains("pando_root"), Contains("virtio-pando_root")));
}

TEST(Root, IsFoundByItsPartitionsName) {
    const auto recorded = iscsi_blade();
    name_partition(recorded, "sda3", "pando-root");
    make_gfs2(recorded.path() / "dev/sda3", "grove:root", uuid_a);
    auto found = find_root(recorded.root(), grove());
    ASSERT_TRUE(found) << found.error().what;
    ASSERT_TRUE(*found);
    EXPECT_EQ((*found)->device, "/dev/sda3");
    EXPECT_EQ((*found)->disk, "/dev/sda");
    EXPECT_EQ((*found)->superblock.uuid, uuid_a);
}

TEST(Root, IsNotThereYetWithoutDiskOrFilesystem) {
    const auto recorded = iscsi_blade();
    auto found = find_root(recorded.root(), grove());
    ASSERT_TRUE(found) << found.error().what;
    EXPECT_FALSE(*found);
    found = find_root(RecordedMachine("sys/class/block/").root(), grove());
    ASSERT_TRUE(found) << found.error().what;
    EXPECT_FALSE(*found);
}

TEST(Root, IsNotFoundWhileItsInstallationIsUnfinished) {
    const auto recorded = iscsi_blade();
    make_gfs2(recorded.path() / "dev/sda3", "grove:root", uuid_a);
    config::Cluster cluster = grove();
    for (const auto& uuid : {std::optional<std::string>(), std::optional<std::string>(uuid_a)}) {
        cluster.root.uuid = uuid;
        auto found = find_root(recorded.root(), cluster);
        ASSERT_TRUE(found) << found.error().what;
        EXPECT_FALSE(*found) << "its partition has no name yet";
    }
}

TEST(Root, OfAnotherClusterIsRefusedWithBothTables) {
    const auto recorded = iscsi_blade();
    name_partition(recorded, "sda3", "pando-root");
    make_gfs2(recorded.path() / "dev/sda3", "thicket:root", uuid_a);
    auto found = find_root(recorded.root(), grove());
    ASSERT_FALSE(found);
    EXPECT_THAT(found.error().what, AllOf(HasSubstr("found lock table thicket:root"), HasSubstr("expected grove:root"),
                                          HasSubstr("/dev/sda3")));
}

TEST(Root, WithoutClusterLockingIsRefused) {
    const auto recorded = iscsi_blade();
    name_partition(recorded, "sda3", "pando-root");
    make_gfs2(recorded.path() / "dev/sda3", "", uuid_a, "lock_nolock");
    auto found = find_root(recorded.root(), grove());
    ASSERT_FALSE(found);
    EXPECT_THAT(found.error().what, HasSubstr("lock_nolock"));
}

TEST(Root, WithACopyElsewhereIsRefusedNamingBoth) {
    const auto recorded = iscsi_blade();
    name_partition(recorded, "sda3", "pando-root");
    make_gfs2(recorded.path() / "dev/sda3", "grove:root", uuid_a);
    RecordedMachine with_copy = iscsi_blade();
    name_partition(with_copy, "sda3", "pando-root");
    with_copy.add("sys/class/block/sdb/size = 98304");
    make_gfs2(with_copy.path() / "dev/sda3", "grove:root", uuid_a);
    make_gfs2(with_copy.path() / "dev/sdb", "grove:root", uuid_a);
    EXPECT_TRUE(find_root(recorded.root(), grove()));
    auto found = find_root(with_copy.root(), grove());
    ASSERT_FALSE(found);
    EXPECT_THAT(found.error().what, AllOf(HasSubstr("/dev/sda3"), HasSubstr("/dev/sdb"), HasSubstr(uuid_a)));
}

TEST(Root, IsOneWhenTwoPathsLeadToItsLun) {
    RecordedMachine recorded(R"(sys/class/block/sda/size = 98304
sys/class/block/sda/device/wwid = naa.600140512345678
sys/class/block/sdb/size = 98304
sys/class/block/sdb/device/wwid = naa.600140512345678
)");
    make_gfs2(recorded.path() / "dev/sda", "grove:root", uuid_a);
    make_gfs2(recorded.path() / "dev/sdb", "grove:root", uuid_a);
    config::Cluster cluster = grove();
    cluster.storage = config::Storage{"local", {}, "naa.600140512345678"};
    auto found = find_root(recorded.root(), cluster);
    ASSERT_TRUE(found) << found.error().what;
    ASSERT_TRUE(*found);
    EXPECT_EQ((*found)->device, "/dev/sda");
}

TEST(Root, IsChosenByUuidAmongOthers) {
    RecordedMachine recorded("sys/class/block/sda/size = 98304\nsys/class/block/sdb/size = 98304\n");
    make_gfs2(recorded.path() / "dev/sda", "grove:root", uuid_a);
    make_gfs2(recorded.path() / "dev/sdb", "grove:root", uuid_b);
    config::Cluster cluster = grove();
    cluster.storage = config::Storage{"local", {}, {}};
    auto ambiguous = find_root(recorded.root(), cluster);
    ASSERT_FALSE(ambiguous);
    EXPECT_THAT(ambiguous.error().what, AllOf(HasSubstr("/dev/sda"), HasSubstr("/dev/sdb")));
    cluster.root.uuid = uuid_b;
    auto found = find_root(recorded.root(), cluster);
    ASSERT_TRUE(found) << found.error().what;
    EXPECT_EQ((*found)->device, "/dev/sdb");
}

namespace {

// A second disk, with a partition of that name: `wwid` as the kernel gives it.
void add_copy(const RecordedMachine& recorded, const std::string& wwid) {
    const fs::path disk = recorded.path() / "sys/class/block/sdb";
    for (const auto& [file, content] : std::map<std::string, std::string>{
             {"size", "2097152"}, {"device/wwid", wwid}, {"sdb1/partition", "1"}, {"sdb1/size", "8192"}}) {
        fs::create_directories((disk / file).parent_path());
        ASSERT_TRUE(write_file_atomic(disk / file, content + "\n"));
    }
    ASSERT_TRUE(write_file_atomic(disk / "sdb1/uevent", "MAJOR=8\nPARTN=1\nPARTNAME=pando-bundle\n"));
}

}  // namespace

TEST(BundlePartition, IsThatOfOurLun) {
    const auto recorded = iscsi_blade();
    const auto root = *Sysroot::open(recorded.path());
    const auto none = find_bundle_partitions(root, grove().storage);
    ASSERT_FALSE(none);
    EXPECT_THAT(none.error().what, HasSubstr("disks: sda"));
    name_partition(recorded, "sda1", "pando-bundle");
    EXPECT_EQ(find_bundle_partitions(root, grove().storage).value().at(0), "/dev/sda1");
    add_copy(recorded, "naa.6000000000000000ffff000000000001");  // not of this target
    EXPECT_EQ(find_bundle_partitions(root, grove().storage).value().at(0), "/dev/sda1");
}

TEST(BundlePartition, OfWhichACopyIsMappedTooIsRefusedNamingBoth) {
    const auto recorded = iscsi_blade();
    const auto root = *Sysroot::open(recorded.path());
    name_partition(recorded, "sda1", "pando-bundle");
    const config::Storage any;  // neither target nor identity
    add_copy(recorded, "naa.6000000000000000ffff000000000001");
    const auto two = find_bundle_partitions(root, any);
    ASSERT_FALSE(two);
    EXPECT_THAT(two.error().what, AllOf(HasSubstr("/dev/sda1"), HasSubstr("/dev/sdb1")));
    EXPECT_THAT(two.error().advice, HasSubstr("storage.identity"));
}

TEST(BundlePartition, IsOneWhenTwoPathsLeadToItsLun) {
    const auto recorded = iscsi_blade();
    const auto root = *Sysroot::open(recorded.path());
    name_partition(recorded, "sda1", "pando-bundle");
    add_copy(recorded, "naa.60000000000000000e00000000010001");
    EXPECT_EQ(find_bundle_partitions(root, config::Storage{}).value(),
              (std::vector<fs::path>{"/dev/sda1", "/dev/sdb1"}));
}
