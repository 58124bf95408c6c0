// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/image.h"

#include "base/file.h"

#include <gmock/gmock.h>

using namespace pando;
using namespace pando::initrd;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace {

config::Cluster cluster_with_drivers(std::vector<std::string> first, std::vector<std::string> second) {
    config::Cluster cluster;
    cluster.nodes.push_back({.name = "n1", .drivers = std::move(first)});
    cluster.nodes.push_back({.name = "n2", .drivers = std::move(second)});
    return cluster;
}

void add_kernel(const std::filesystem::path& root, const std::string& version) {
    ASSERT_TRUE(make_directories(root / "boot"));
    ASSERT_TRUE(make_directories(root / "usr/lib/modules" / version));
    ASSERT_TRUE(write_file_atomic(root / "usr/lib/modules" / version / "modules.dep", ""));
    ASSERT_TRUE(write_file_atomic(root / ("boot/vmlinuz-" + version), "kernel"));
}

}  // namespace

TEST(Image, DriversAreThoseOfAllNodesAndOfTheRoot) {
    const auto drivers = known_drivers(cluster_with_drivers({"e1000"}, {"virtio_net", "e1000"}));
    ASSERT_TRUE(drivers) << drivers.error().what;
    for (const char* name : {"e1000", "virtio_net", "gfs2", "dlm", "iscsi_tcp"}) EXPECT_THAT(*drivers, Contains(name));
    EXPECT_EQ(std::count(drivers->begin(), drivers->end(), "e1000"), 1);
}

TEST(Image, NodeThatSaysNoDriversIsRefusedByName) {
    const auto drivers = known_drivers(cluster_with_drivers({"e1000"}, {}));
    ASSERT_FALSE(drivers);
    EXPECT_EQ(drivers.error().kind, ErrorKind::bad_input);
    EXPECT_THAT(drivers.error().what, HasSubstr("n2"));
    EXPECT_THAT(drivers.error().advice, HasSubstr("--any-machine"));
}

TEST(Image, AChrootOnADiskNeedsItsFilesystem) {
    auto cluster = cluster_with_drivers({"ahci"}, {"ahci"});
    EXPECT_TRUE(disk_drivers(cluster).empty());
    cluster.nodes[1].chroot_path = "LABEL=pando-chroot";
    EXPECT_THAT(disk_drivers(cluster), ElementsAre("ext4", "xfs"));
    cluster.nodes[1].chroot_path.reset();
    cluster.chroot.path = "/var/lib/pando/chroot";
    EXPECT_TRUE(disk_drivers(cluster).empty());
}

TEST(Image, KernelsAreThoseWithModulesAndImageNewestLast) {
    const auto root = TemporaryDirectory::create(::testing::TempDir(), "kernels");
    ASSERT_TRUE(root);
    EXPECT_TRUE(kernels(root->path())->empty());
    add_kernel(root->path(), "6.1.0-9-amd64");
    add_kernel(root->path(), "6.1.0-56-amd64");
    ASSERT_TRUE(make_directories(root->path() / "usr/lib/modules/7.0.0-left-behind"));
    EXPECT_THAT(*kernels(root->path()), ElementsAre("6.1.0-9-amd64", "6.1.0-56-amd64"));
}
