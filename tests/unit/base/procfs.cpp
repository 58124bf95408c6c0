// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/procfs.h"

#include <gmock/gmock.h>
#include <sys/sysmacros.h>
#include <unistd.h>

namespace pando {
namespace {

using testing::Contains;
using testing::HasSubstr;

TEST(Procfs, ReadsMountsWithTheirDeviceInDecimal) {
    const auto mounts = parse_mounts(
        "28 1 253:17 / / rw,noatime shared:1 master:2 - gfs2 /dev/sda3 rw,seclabel\n"
        "31 28 0:28 / /run/initramfs rw - tmpfs pando-chroot ro\n"
        "33 28 0:29 / /cut\n"
        "broken\n");
    ASSERT_EQ(mounts.size(), 3U);
    EXPECT_EQ(mounts[0].id, 28);
    EXPECT_EQ(mounts[0].device, makedev(253, 17));
    EXPECT_EQ(mounts[0].root, "/");
    EXPECT_EQ(mounts[0].point, "/");
    EXPECT_EQ(mounts[0].options, "rw,noatime");
    EXPECT_EQ(mounts[0].filesystem, "gfs2");
    EXPECT_EQ(mounts[0].source, "/dev/sda3");
    EXPECT_EQ(mounts[0].super_options, "rw,seclabel");
    EXPECT_TRUE(mounts[0].writable());
    EXPECT_EQ(mounts[1].point, "/run/initramfs");
    EXPECT_EQ(mounts[1].filesystem, "tmpfs");
    EXPECT_FALSE(mounts[1].writable());
    EXPECT_EQ(mounts[2].point, "/cut");
    EXPECT_EQ(mounts[2].filesystem, "");
}

TEST(Procfs, TheLastMountAtAPointCoversThoseBeforeIt) {
    const auto mounts = parse_mounts(
        "1 1 0:1 / / rw - rootfs none rw\n"
        "28 1 253:17 / / rw - gfs2 /dev/sda3 rw\n"
        "29 28 0:28 / /run rw - tmpfs run rw\n");
    EXPECT_EQ(mount_at(mounts, "/").value().filesystem, "gfs2");
    EXPECT_EQ(mount_at(mounts, "/run").value().source, "run");
    EXPECT_FALSE(mount_at(mounts, "/srv"));
}

TEST(Procfs, ReadsNamesAsTheKernelEscapesThem) {
    EXPECT_EQ(unescaped("/srv/a\\040b\\134c\\011"), "/srv/a b\\c\t");
    for (const char* plain : {"", "/srv/x", "/srv/\\", "/srv/\\04", "/srv/\\9zz"}) EXPECT_EQ(unescaped(plain), plain);
}

TEST(Procfs, ReadsDevicesInBothNotations) {
    EXPECT_EQ(parse_device("fd:11", 16), makedev(0xfd, 0x11));
    EXPECT_EQ(parse_device("253:17", 10), makedev(253, 17));
    for (const char* bad : {"", "12", ":1", "a:b:", "x:1"}) EXPECT_EQ(parse_device(bad, 10), std::nullopt) << bad;
}

TEST(Procfs, SeesThisProcess) {
    EXPECT_THAT(all_processes().value(), Contains(getpid()));
    EXPECT_THAT(first_argument(getpid()), HasSubstr("unit-base"));
    EXPECT_EQ(first_argument(2147483647), "");
}

TEST(Procfs, SeesItsMounts) {
    const auto mounts = our_mounts().value();
    EXPECT_THAT(mounts, Contains(testing::Field(&Mount::point, "/proc")));
}

}  // namespace
}  // namespace pando
