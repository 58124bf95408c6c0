// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/image.h"

#include "base/file.h"
#include "initrd/image_drivers.h"

#include <gmock/gmock.h>

using namespace pando;
using namespace pando::initrd;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

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

constexpr const char* machine_with_tg3 =
    R"({"nics": [{"driver": "tg3"}], "controllers": [{"id": "103c:3354", "driver": "hpsa"}]})";

// Kernels by what they have.
std::vector<std::string> any_name(const std::string& name) { return {name}; }
std::vector<std::string> only_tg3(const std::string& name) {
    return name == "tg3" ? std::vector<std::string>{name} : std::vector<std::string>();
}

}  // namespace

TEST(Image, DriversAreThoseOfAllNodesAndOfTheRoot) {
    const auto known = known_drivers(cluster_with_drivers({"e1000"}, {"virtio_net", "e1000"}), {}, {});
    ASSERT_TRUE(known) << known.error().what;
    for (const char* name : {"e1000", "virtio_net", "gfs2", "dlm", "iscsi_tcp"})
        EXPECT_THAT(known->drivers, Contains(name));
    EXPECT_EQ(std::count(known->drivers.begin(), known->drivers.end(), "e1000"), 1);
    EXPECT_THAT(known->remarks, IsEmpty());
}

TEST(Image, NodeOfWhichNothingIsKnownIsRefusedByName) {
    const auto known = known_drivers(cluster_with_drivers({"e1000"}, {}), {}, {});
    ASSERT_FALSE(known);
    EXPECT_EQ(known.error().kind, ErrorKind::bad_input);
    EXPECT_THAT(known.error().what, HasSubstr("n2"));
    EXPECT_THAT(known.error().advice, AllOf(HasSubstr("--any-machine"), HasSubstr("--machine")));
}

TEST(Image, ANodesLastBootTellsItsDrivers) {
    const auto root = TemporaryDirectory::create(::testing::TempDir(), "root");
    ASSERT_TRUE(root);
    ASSERT_TRUE(make_directories(root->path() / ".pando/nodes/n2/var/lib/pando"));
    ASSERT_TRUE(write_file_atomic(root->path() / ".pando/nodes/n2/var/lib/pando/hardware.json", machine_with_tg3));
    const auto cluster = cluster_with_drivers({"e1000"}, {});
    const auto machines = recorded_machines(*Sysroot::open(root->path()), cluster, {});
    ASSERT_TRUE(machines);
    const auto known = known_drivers(cluster, *machines, any_name);
    ASSERT_TRUE(known) << known.error().what;
    EXPECT_THAT(known->drivers, AllOf(Contains("e1000"), Contains("tg3"), Contains("hpsa"), Not(Contains("bnx2x"))));
    EXPECT_THAT(known->remarks, IsEmpty());
}

TEST(Image, ADamagedInventoryOfANodeIsSaidAndItsDriversCount) {
    const std::vector<RecordedMachine> machines = {{"node n1's last boot", "n1", "{"}};
    const auto known = known_drivers(cluster_with_drivers({"e1000"}, {"e1000"}), machines, any_name);
    ASSERT_TRUE(known) << known.error().what;
    EXPECT_THAT(known->remarks, ElementsAre(HasSubstr("node n1's last boot")));
    EXPECT_FALSE(known_drivers(cluster_with_drivers({}, {"e1000"}), machines, any_name));
}

TEST(Image, AMachineGivenByFileAddsItsDriversAndSaysWhoIsUnknown) {
    const auto root = TemporaryDirectory::create(::testing::TempDir(), "root");
    ASSERT_TRUE(root);
    const auto file = root->path() / "spare.json";
    ASSERT_TRUE(write_file_atomic(file, machine_with_tg3));
    const auto cluster = cluster_with_drivers({"e1000"}, {});
    const auto machines = recorded_machines(*Sysroot::open(root->path()), cluster, {file});
    ASSERT_TRUE(machines);
    const auto known = known_drivers(cluster, *machines, only_tg3);
    ASSERT_TRUE(known) << known.error().what;
    EXPECT_THAT(known->drivers, AllOf(Contains("e1000"), Contains("tg3"), Not(Contains("hpsa"))));
    EXPECT_THAT(known->remarks, UnorderedElementsAre(AllOf(HasSubstr("spare.json"), HasSubstr("no driver hpsa")),
                                                     HasSubstr("node n2 names no drivers")));
    EXPECT_FALSE(recorded_machines(*Sysroot::open(root->path()), cluster, {root->path() / "absent"}));
}

TEST(Image, AFileThatIsNoInventoryBuildsNoImage) {
    const auto known = known_drivers(cluster_with_drivers({"e1000"}, {"e1000"}), {{"x.json", "", "[]"}}, any_name);
    ASSERT_FALSE(known);
    EXPECT_THAT(known.error().what, HasSubstr("x.json"));
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
