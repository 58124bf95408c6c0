// SPDX-License-Identifier: GPL-2.0-or-later
#include "rootfs/lun.h"

#include "rootfs/install.h"

#include <gmock/gmock.h>

using namespace pando::rootfs;
using ::testing::EndsWith;
using ::testing::HasSubstr;

namespace {

Lun with_partitions(std::vector<std::string> names) {
    Lun lun{.device = "/dev/sda", .size = 8ULL << 30U, .holds = "a gpt partition table"};
    int number = 0;
    for (auto& name : names) lun.partitions.push_back({.number = ++number, .name = std::move(name)});
    return lun;
}

}  // namespace

TEST(Lun, StateIsToldByThePartitionsNames) {
    EXPECT_EQ(state_of(Lun{}), LunState::blank);
    EXPECT_EQ(state_of(with_partitions({partition_bundle, partition_sbd, partition_unfinished})), LunState::unfinished);
    EXPECT_EQ(state_of(with_partitions({partition_bundle, partition_sbd, partition_root})), LunState::installed);
    EXPECT_EQ(state_of(with_partitions({})), LunState::foreign);
    EXPECT_EQ(state_of(with_partitions({"", "", ""})), LunState::foreign);
    EXPECT_EQ(state_of(with_partitions({partition_bundle, partition_sbd, partition_unfinished, "more"})),
              LunState::foreign);
    EXPECT_EQ(state_of(with_partitions({partition_bundle, "home", partition_unfinished})), LunState::foreign);
    Lun data;
    data.holds = "data of no known kind";
    EXPECT_EQ(state_of(data), LunState::foreign);
    data.being_prepared = true;
    EXPECT_EQ(state_of(data), LunState::preparing);
}

TEST(Lun, WhatWasNotPreparedIsRefusedWithTheWayToPrepareIt) {
    Lun blank{.device = "/dev/sda", .size = 8ULL << 30U};
    EXPECT_THAT(refuse_unless_free(blank, {}).error().advice, HasSubstr("pando bundle write --initial"));
    auto foreign = with_partitions({"home"});
    foreign.names = {"QM00001"};
    EXPECT_THAT(refuse_unless_free(foreign, {.overwrite = "QM00001"}).error().advice,
                HasSubstr("pando bundle write --initial --lun LUN --overwrite"));
    EXPECT_TRUE(refuse_unless_free(with_partitions({partition_bundle, partition_sbd, partition_unfinished}), {}));
}

TEST(Lun, RefusalSaysHowToOverwriteInTheWordsOfThePlace) {
    auto lun = with_partitions({partition_bundle, partition_sbd, partition_root});
    lun.names = {"t10.ATA     QEMU HARDDISK   QM00001", "QM00001"};
    const auto by_option = refuse_unless_free(lun, {});
    ASSERT_FALSE(by_option);
    EXPECT_THAT(by_option.error().advice, EndsWith(": --overwrite 'QM00001'"));
    const auto by_argument = refuse_unless_free(lun, {.overwrite_by = OverwriteBy::kernel_argument});
    ASSERT_FALSE(by_argument);
    EXPECT_THAT(by_argument.error().advice, EndsWith(" rd.pando.overwrite=QM00001"));

    lun.names.pop_back();
    EXPECT_THAT(refuse_unless_free(lun, {}).error().advice, EndsWith("--overwrite 't10.ATA QEMU HARDDISK QM00001'"));
    EXPECT_THAT(refuse_unless_free(lun, {.overwrite_by = OverwriteBy::kernel_argument}).error().advice,
                EndsWith("rd.pando.overwrite=\"t10.ATA QEMU HARDDISK QM00001\""));
    const auto another =
        refuse_unless_free(lun, {.overwrite = "QM00002", .overwrite_by = OverwriteBy::kernel_argument});
    ASSERT_FALSE(another);
    EXPECT_THAT(another.error().advice, HasSubstr("rd.pando.overwrite="));
    EXPECT_FALSE(refuse_unless_free(lun, {.overwrite = "t10.ATA"})) << "a part of a name names nothing";
}

// A boot loader keeps one blank of several.
TEST(Lun, NameGivenAsItWasAdvisedIsAccepted) {
    auto lun = with_partitions({partition_bundle, partition_sbd, partition_root});
    lun.names = {"t10.ATA     QEMU HARDDISK   QM00001"};
    EXPECT_TRUE(refuse_unless_free(lun, {.overwrite = "t10.ATA QEMU HARDDISK QM00001"}));
    EXPECT_TRUE(refuse_unless_free(lun, {.overwrite = lun.names.front()}));
}

TEST(Lun, PartitionsAreCalledAsTheKernelCallsThem) {
    EXPECT_EQ(partition_device("/dev/sda", 3), "/dev/sda3");
    EXPECT_EQ(partition_device("/dev/nvme0n1", 3), "/dev/nvme0n1p3");
    EXPECT_EQ(partition_device("/dev/loop7", 1), "/dev/loop7p1");
}
