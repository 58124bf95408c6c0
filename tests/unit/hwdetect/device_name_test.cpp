// SPDX-License-Identifier: GPL-2.0-or-later
#include "hwdetect/device_name.h"

#include <gtest/gtest.h>

using pando::hwdetect::device_name;

TEST(DeviceName, IsWhatAPersonReadsOnTheCard) {
    EXPECT_EQ(device_name("pci:v00008086d00001572sv00008086sd00000000bc02sc00i00", "/sys/bus/pci/devices/0000:3b:00.0"),
              "network controller 8086:1572 at 0000:3b:00.0");
    EXPECT_EQ(
        device_name("pci:v00001077d00002532sv00001077sd0000015Cbc0Csc04i00", "/sys/devices/pci0000:00/0000:05:00.0"),
        "Fibre Channel controller 1077:2532 at 0000:05:00.0");
    EXPECT_EQ(device_name("pci:v00001000d0000005Dsv00001028sd00001F44bc01sc04i00", "/x/0000:02:00.0"),
              "RAID controller 1000:005d at 0000:02:00.0");
    EXPECT_EQ(device_name("pci:v00001000d00000097sv00001000sd00003090bc01sc07i00", "/x/0000:03:00.0"),
              "storage controller 1000:0097 at 0000:03:00.0");
}

TEST(DeviceName, OfAnotherBusOrATornModaliasIsTheModalias) {
    EXPECT_EQ(device_name("acpi:IPI0001:", "/sys/devices/LNXSYSTM:00/IPI0001:00"), "acpi:IPI0001: at IPI0001:00");
    EXPECT_EQ(device_name("pci:v0000", "/x/y"), "pci:v0000 at y");
    EXPECT_EQ(device_name("", ""), " at ");
}
