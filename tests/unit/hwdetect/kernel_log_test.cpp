// SPDX-License-Identifier: GPL-2.0-or-later
#include "hwdetect/kernel_log.h"

#include <gmock/gmock.h>

using namespace pando::hwdetect;
using testing::AllOf;
using testing::HasSubstr;

namespace {

MissingFirmware found_in(std::string_view record) {
    const auto missing = missing_firmware_in(record);
    EXPECT_TRUE(missing) << record;
    return missing.value_or(MissingFirmware{});
}

}  // namespace

TEST(MissingFirmware, IsNamedWithDriverAndDevice) {
    const auto missing = found_in(
        "4,812,3120456,-;bnx2x 0000:06:00.0: Direct firmware load for bnx2x/bnx2x-e2-7.13.21.0.fw failed with error "
        "-2\n SUBSYSTEM=pci\n DEVICE=+pci:0000:06:00.0\n");
    EXPECT_EQ(missing.file, "bnx2x/bnx2x-e2-7.13.21.0.fw");
    EXPECT_EQ(missing.driver, "bnx2x");
    EXPECT_EQ(missing.device, "0000:06:00.0");
    EXPECT_THAT(to_string(missing),
                AllOf(HasSubstr("bnx2x at 0000:06:00.0"), HasSubstr("firmware-bnx2x"), HasSubstr("build the image")));
}

TEST(MissingFirmware, IsKnownInDebiansWordsToo) {
    const auto missing =
        found_in("3,690,2817221,-;qla2xxx 0000:0a:00.0: firmware: failed to load ql2500_fw.bin (-2)\n");
    EXPECT_EQ(missing.file, "ql2500_fw.bin");
    EXPECT_EQ(missing.driver, "qla2xxx");
    EXPECT_EQ(missing.device, "0000:0a:00.0");
    EXPECT_THAT(to_string(missing), HasSubstr("firmware-qlogic"));
}

TEST(MissingFirmware, OfAnUnknownMakerIsStillNamed) {
    const auto missing = found_in("4,1,2,-;regulatory: Direct firmware load for regulatory.db failed with error -2");
    EXPECT_EQ(missing.driver, "regulatory");
    EXPECT_EQ(missing.device, "");
    EXPECT_THAT(to_string(missing), HasSubstr("the package that has it"));
}

TEST(MissingFirmware, IsInNoOtherLine) {
    for (const char* record :
         {"", ";", "6,1,2,-;", "no record at all: Direct firmware load for x failed with error -2",
          "6,339,5140900,-;NET: Registered PF_NETLINK protocol family",
          "6,600,2,-;bnx2x 0000:06:00.0: firmware: direct-loading firmware bnx2x/bnx2x-e2-7.13.21.0.fw",
          "4,1,2,-;x: Direct firmware load for ", "4,1,2,-;x: Direct firmware load for  failed with error -2",
          "6,1,2,-;harmless\n DEVICE=Direct firmware load for x failed with error -2"})
        EXPECT_FALSE(missing_firmware_in(record)) << record;
}

TEST(MissingFirmware, TakesNoControlCharacters) {
    EXPECT_EQ(found_in("4,1,2,-;a\x1b[2J b: Direct firmware load for \x1b]0;x failed with error -2").file, "]0;x");
}
