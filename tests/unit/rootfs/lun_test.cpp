// SPDX-License-Identifier: GPL-2.0-or-later
#include "rootfs/lun.h"

#include "rootfs/install.h"

#include <gtest/gtest.h>

using namespace pando::rootfs;

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
}

TEST(Lun, PartitionsAreCalledAsTheKernelCallsThem) {
    EXPECT_EQ(partition_device("/dev/sda", 3), "/dev/sda3");
    EXPECT_EQ(partition_device("/dev/nvme0n1", 3), "/dev/nvme0n1p3");
    EXPECT_EQ(partition_device("/dev/loop7", 1), "/dev/loop7p1");
}
