// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/chroot_place.h"

#include <gmock/gmock.h>

namespace pando::config {
namespace {

ChrootPlace parsed(std::string_view text) {
    const auto place = parse_chroot_place(text);
    EXPECT_TRUE(place) << text << ": " << (place ? "" : place.error().what);
    return place.value_or(ChrootPlace());
}

TEST(ChrootPlace, IsReadInEveryForm) {
    EXPECT_EQ(parsed("tmpfs").kind, ChrootPlace::Kind::memory);
    const auto label = parsed("LABEL=pando-chroot");
    EXPECT_EQ(label.kind, ChrootPlace::Kind::disk);
    EXPECT_EQ(label.tag, "LABEL");
    EXPECT_EQ(label.value, "pando-chroot");
    EXPECT_EQ(label.directory, "/pando-chroot");
    const auto uuid = parsed("UUID=FBCC16F0-aba5-4941-96d5-e67364f531ed:/var/pando");
    EXPECT_EQ(uuid.value, "fbcc16f0-aba5-4941-96d5-e67364f531ed");
    EXPECT_EQ(uuid.directory, "/var/pando");
    EXPECT_EQ(parsed("PARTUUID=1234abcd-01").tag, "PARTUUID");
    EXPECT_EQ(parsed("PARTLABEL=chroot").tag, "PARTLABEL");
    EXPECT_EQ(parsed("/dev/disk/by-partlabel/chroot").text(), "PARTLABEL=chroot");
    EXPECT_EQ(parsed("/dev/disk/by-uuid/ABCD").text(), "UUID=abcd");
    const auto path = parsed("/var/lib/pando/chroot");
    EXPECT_EQ(path.kind, ChrootPlace::Kind::path);
    EXPECT_EQ(path.directory, "/var/lib/pando/chroot");
}

TEST(ChrootPlace, ShownIsReadAgainAsTheSame) {
    for (const char* text : {"tmpfs", "LABEL=a.b+c@d_e-f", "UUID=ab-cd:/x/y", "/var/lib/x"}) {
        EXPECT_EQ(parsed(text).text(), text);
        EXPECT_EQ(parsed(parsed(text).text()).directory, parsed(text).directory);
    }
}

TEST(ChrootPlace, WhatIsNoneIsRefusedWithAdvice) {
    for (const char* text : {"",
                             "ram",
                             "disk",
                             "LABEL=",
                             "LABEL",
                             "label=x",
                             "UUID=g_h",
                             "LABEL=a b",
                             "LABEL=a/b",
                             "LABEL=x:",
                             "LABEL=x:y",
                             "LABEL=x:/",
                             "LABEL=x:/..",
                             "LABEL=x:/a//b",
                             "LABEL=x:/a/",
                             "LABEL=x:/a b",
                             "/",
                             "//",
                             "/a/../b",
                             "/dev/sda1",
                             "/dev/disk/by-id/x",
                             "/dev/disk/by-path/y",
                             "nfs:server:/x"}) {
        const auto place = parse_chroot_place(text);
        ASSERT_FALSE(place) << text;
        EXPECT_EQ(place.error().kind, ErrorKind::bad_input) << text;
        EXPECT_FALSE(place.error().advice.empty()) << text;
    }
}

}  // namespace
}  // namespace pando::config
