// SPDX-License-Identifier: GPL-2.0-or-later
#include "hwdetect/placeholder.h"

#include <gtest/gtest.h>

using namespace pando::hwdetect;

TEST(Placeholder, IsWhatManyBoardsShare) {
    for (const char* text :
         {"", "To Be Filled By O.E.M.", "Not Specified", "Default string", "System Serial Number",
          "00000000-0000-0000-0000-000000000000", "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF", "0", "....", "XXXXXXXX",
          "03000200-0400-0500-0006-000700080009", "00020003-0004-0005-0006-000700080009", "None", "Not Settable"})
        EXPECT_TRUE(is_placeholder(text)) << text;
}

TEST(Placeholder, IsNoRealSerial) {
    for (const char* text :
         {"7XK2M93", "CZ3514H0RW", "0f0f0f", "100000", "F00D", "X0", "4C4C4544-0058-4B10-8032-B7C04F4D3933"})
        EXPECT_FALSE(is_placeholder(text)) << text;
}

TEST(MacKind, TellsWhatNamesNoNic) {
    for (const char* mac :
         {"", "00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:01", "24:6e:96:aa:00", "24-6e-96-aa-00-01",
          "24:6e:96:aa:00:0x", "80:00:00:48:fe:80:00:00:00:00:00:00:00:02:c9:03:00:0a:0b:0d"})
        EXPECT_EQ(kind_of_mac(mac), MacKind::unusable) << mac;
}

TEST(MacKind, TellsTheMakersFromThoseMadeUp) {
    EXPECT_EQ(kind_of_mac("24:6e:96:aa:00:01"), MacKind::universal);
    EXPECT_EQ(kind_of_mac("00:00:00:00:00:01"), MacKind::universal);
    EXPECT_EQ(kind_of_mac("52:54:00:4d:00:11"), MacKind::local);
}
