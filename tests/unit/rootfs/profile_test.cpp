// SPDX-License-Identifier: GPL-2.0-or-later
#include "rootfs/build.h"

#include <gmock/gmock.h>

using namespace pando;
using namespace pando::rootfs;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Profile, ReadsEveryKey) {
    const auto profile = parse_profile(
        "suite: bookworm\npackages: [udev, kmod]\nexclude-paths:\n  - /usr/share/doc/*\ninclude-paths: [/a/b]\n"
        "mask: [apt-daily.timer]\nenable: [pando-node.service]\n",
        "p.yaml");
    ASSERT_TRUE(profile) << profile.error().what;
    EXPECT_EQ(profile->suite, "bookworm");
    EXPECT_THAT(profile->packages, ElementsAre("udev", "kmod"));
    EXPECT_THAT(profile->exclude_paths, ElementsAre("/usr/share/doc/*"));
    EXPECT_THAT(profile->include_paths, ElementsAre("/a/b"));
    EXPECT_THAT(profile->mask_units, ElementsAre("apt-daily.timer"));
    EXPECT_THAT(profile->enable_units, ElementsAre("pando-node.service"));
}

TEST(Profile, UnknownKeyIsRefusedWithTheOneThatWasMeant) {
    const auto profile = parse_profile("package: [udev]\n", "p.yaml");
    ASSERT_FALSE(profile);
    EXPECT_EQ(profile.error().kind, ErrorKind::bad_input);
    EXPECT_THAT(profile.error().what + profile.error().advice, HasSubstr("packages"));
    EXPECT_THAT(profile.error().what, HasSubstr("p.yaml:1:1"));
}

// Package names become arguments of other programs.
TEST(Profile, EntryThatWouldBecomeAnOptionOrTwoWordsIsRefused) {
    for (const char* entry : {"'--hook-dir=/x'", "'a,b'", "'a b'", "''", "[x]"}) {
        const auto profile = parse_profile(fmt::format("packages:\n  - {}\n", entry), "p.yaml");
        ASSERT_FALSE(profile) << entry;
        EXPECT_EQ(profile.error().kind, ErrorKind::bad_input) << entry;
    }
}

TEST(Profile, EmptyBrokenOrWithoutPackagesIsBadInput) {
    for (const char* text :
         {"", "packages:\n", "- a\n", "packages: [a\n", "packages: udev\n", "suite: 'a/b'\npackages: [a]\n"}) {
        const auto profile = parse_profile(text, "p.yaml");
        ASSERT_FALSE(profile) << text;
        EXPECT_EQ(profile.error().kind, ErrorKind::bad_input) << text;
    }
}

TEST(Profile, ShippedOneIsValidAndHoldsTheClusterStack) {
    const auto profile = load_profile(std::string(TEST_DATA) + "/../../rootfs/profiles/debian.yaml");
    ASSERT_TRUE(profile) << profile.error().what;
    for (const char* package : {"corosync", "dlm-controld", "gfs2-utils", "fence-agents", "dracut-core", "open-iscsi"})
        EXPECT_THAT(profile->packages, Contains(package));
    EXPECT_THAT(profile->mask_units, Contains("corosync.service"));
    EXPECT_THAT(profile->enable_units, Contains("pando-node.service"));
    EXPECT_THAT(profile->enable_units, Contains("pando-links.service"));
}

TEST(Profile, MissingFileIsBadInput) {
    const auto profile = load_profile("/nonexistent/profile.yaml");
    ASSERT_FALSE(profile);
    EXPECT_EQ(profile.error().kind, ErrorKind::bad_input);
}
