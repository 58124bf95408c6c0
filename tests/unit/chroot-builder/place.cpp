// SPDX-License-Identifier: GPL-2.0-or-later
#include "chroot-builder/place.h"

#include "base/file.h"

#include <gmock/gmock.h>

namespace pando::chroot {
namespace {

using testing::AllOf;
using testing::HasSubstr;

config::ChrootPlace wanted(std::string_view text) { return config::parse_chroot_place(text).value(); }

Volume ext4(std::string device) {
    return {std::move(device), "ext4", "fbcc16f0-aba5-4941-96d5-e67364f531ed", "chroot", "1234abcd-01", "part", {}};
}

TEST(Filesystem, OfALocalDiskWithAJournalIsGood) {
    for (const char* type : {"ext4", "ext3", "xfs"}) EXPECT_TRUE(judge_filesystem(type)) << type;
}

TEST(Filesystem, OthersAreRefusedWithTheReason) {
    const auto refusal = [](std::string_view type) {
        const auto good = judge_filesystem(type);
        EXPECT_FALSE(good) << type;
        EXPECT_TRUE(good || !good.error().advice.empty()) << type;
        return good ? std::string() : good.error().what;
    };
    for (const char* type : {"gfs2", "ocfs2", "lustre"})
        EXPECT_THAT(refusal(type), HasSubstr("is a cluster filesystem")) << type;
    for (const char* type : {"nfs", "nfs4", "cifs", "smb3", "ceph", "9p", "fuse.sshfs", "virtiofs"})
        EXPECT_THAT(refusal(type), HasSubstr("is a network filesystem")) << type;
    for (const char* type : {"LVM2_member", "linux_raid_member", "crypto_LUKS"})
        EXPECT_THAT(refusal(type), HasSubstr("put together first")) << type;
    for (const char* type : {"vfat", "iso9660", "ext2", "btrfs", "swap", "squashfs", "tmpfs", "whatever"})
        EXPECT_THAT(refusal(type), HasSubstr("is none of the filesystems")) << type;
    EXPECT_THAT(refusal(""), HasSubstr("no filesystem"));
}

TEST(ChooseVolume, ByEveryTag) {
    Volume other = ext4("/dev/sda2");
    other.uuid = other.label = other.part_uuid = other.part_label = "x";
    for (const char* name :
         {"UUID=FBCC16F0-ABA5-4941-96d5-e67364f531ed", "LABEL=chroot", "PARTUUID=1234ABCD-01", "PARTLABEL=part"}) {
        const auto found = choose_volume(wanted(name), {other, ext4("/dev/sdb1")});
        ASSERT_TRUE(found && *found) << name;
        EXPECT_EQ((*found)->device, "/dev/sdb1") << name;
    }
    for (const char* name : {"LABEL=Chroot", "LABEL=part", "PARTLABEL=chroot", "UUID=1234abcd-01"})
        EXPECT_FALSE(choose_volume(wanted(name), {ext4("/dev/sdb1")}).value()) << name;
}

TEST(ChooseVolume, WhatHasNoNameIsNotMeantByAny) {
    Volume nameless;
    nameless.device = "/dev/sda";
    for (const char* name : {"LABEL=x", "UUID=0", "PARTUUID=0", "PARTLABEL=x"})
        EXPECT_FALSE(choose_volume(wanted(name), {nameless}).value()) << name;
}

TEST(ChooseVolume, TwoOfOneNameAreRefused) {
    const auto found = choose_volume(wanted("LABEL=chroot"), {ext4("/dev/sda1"), ext4("/dev/sdb1")});
    ASSERT_FALSE(found);
    EXPECT_THAT(found.error().what, AllOf(HasSubstr("/dev/sda1"), HasSubstr("/dev/sdb1"), HasSubstr("LABEL=chroot")));
    EXPECT_FALSE(found.error().advice.empty());
}

TEST(ChooseVolume, TheWrongHardwareAndTheWrongFilesystemAreRefused) {
    Volume lun = ext4("/dev/sda1");
    lun.unfit = "is the cluster's own LUN, which all nodes share";
    const auto refused = choose_volume(wanted("LABEL=chroot"), {lun});
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().what, HasSubstr("/dev/sda1 (LABEL=chroot) is the cluster's own LUN"));
    Volume shared = ext4("/dev/sda1");
    shared.filesystem = "ocfs2";
    const auto frozen = choose_volume(wanted("LABEL=chroot"), {shared});
    ASSERT_FALSE(frozen);
    EXPECT_THAT(frozen.error().what, HasSubstr("/dev/sda1 (LABEL=chroot): ocfs2 is a cluster filesystem"));
}

TEST(Place, IsReadAsItWasWritten) {
    const auto directory = *TemporaryDirectory::create(testing::TempDir(), "place");
    const auto file = directory.path() / "chroot.json";
    ASSERT_TRUE((Place{"LABEL=x", "/dev/sda1", "ext4", "/pando-chroot", "", ""}.save(file)));
    const auto disk = Place::load(file);
    ASSERT_TRUE(disk) << disk.error().what;
    EXPECT_TRUE(disk->on_disk());
    EXPECT_EQ(disk->text(), "on /dev/sda1 (ext4, LABEL=x)");
    ASSERT_TRUE((Place{"LABEL=x", "", "", "", "it is \"missing\"", "look"}.save(file)));
    const auto memory = Place::load(file);
    ASSERT_TRUE(memory) << memory.error().what;
    EXPECT_FALSE(memory->on_disk());
    EXPECT_EQ(memory->text(), "in memory");
    EXPECT_EQ(memory->reason, "it is \"missing\"");
    EXPECT_EQ(memory->advice, "look");
    ASSERT_TRUE(write_file_atomic(file, "{\"version\": 1}"));
    EXPECT_FALSE(Place::load(file));
}

}  // namespace
}  // namespace pando::chroot
