// SPDX-License-Identifier: GPL-2.0-or-later
#include "chroot-builder/residence.h"

#include "tests/unit/chroot-builder/tree.h"

#include <gmock/gmock.h>
#include <sys/sysmacros.h>

namespace pando::chroot {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(Residence, FindsTheMappedFilesOfOneDeviceOnceEach) {
    const char* maps =
        "55d0c0a00000-55d0c0a02000 r--p 00000000 fd:11 1835019                    /usr/sbin/corosync\n"
        "55d0c0a02000-55d0c0a06000 r-xp 00002000 fd:11 1835019                    /usr/sbin/corosync\n"
        "7f2e00000000-7f2e00021000 rw-p 00000000 00:00 0 \n"
        "7f2e10000000-7f2e10001000 r--s 00000000 fd:11 77                         /srv/a file (deleted)\n"
        "7f2e20000000-7f2e20001000 r--p 00000000 00:1c 12                         /lib/libc.so.6\n"
        "7ffd12300000-7ffd12321000 rw-p 00000000 00:00 0                          [stack]\n"
        "half a line";
    EXPECT_THAT(mapped_files(maps, makedev(0xfd, 0x11)), ElementsAre("/usr/sbin/corosync", "/srv/a file (deleted)"));
    EXPECT_THAT(mapped_files(maps, makedev(0, 0x1c)), ElementsAre("/lib/libc.so.6"));
    EXPECT_THAT(mapped_files(maps, makedev(0, 0)), IsEmpty());
}

// In a chroot whose directory is no mount of its own there is none at "/".
#define ROOT_DEVICE_OR_SKIP(name)           \
    const auto name = device_of_mount("/"); \
    if (!(name)) GTEST_SKIP() << "/ is no mount here: this runs in a chroot"

TEST(Residence, AProcessThatHasEndedHoldsNothing) {
    ROOT_DEVICE_OR_SKIP(root);
    auto child = Child::spawn({.argv = {"true"}}).value();
    ASSERT_TRUE(child.wait(Deadline::after(std::chrono::seconds(10))));
    const auto found = footholds({child.pid()}, *root);
    ASSERT_TRUE(found) << test::error_of(found);
    EXPECT_THAT(*found, IsEmpty());
}

TEST(Residence, OursStandsOnTheRootByItsOwnCodeAndDirectory) {
    ROOT_DEVICE_OR_SKIP(root);
    const auto found = footholds({getpid()}, *root);
    ASSERT_TRUE(found) << test::error_of(found);
    std::vector<std::string> hows;
    for (const Foothold& foothold : *found) hows.push_back(foothold.how);
    EXPECT_THAT(hows, testing::AllOf(testing::Contains("root directory"), testing::Contains("mapping")));
}

TEST(Residence, NothingMountedIsAnError) {
    const auto device = device_of_mount("/no/such/mount");
    EXPECT_THAT(test::error_of(device), HasSubstr("nothing is mounted at /no/such/mount"));
}

TEST(Residence, KnowsWhatAProcessHoldsInMemory) {
    const auto memory = memory_of(getpid());
    ASSERT_TRUE(memory) << test::error_of(memory);
    EXPECT_THAT(memory->process, HasSubstr("chroot-builder"));
    EXPECT_GT(memory->resident, 1U << 20U);
}

}  // namespace
}  // namespace pando::chroot
