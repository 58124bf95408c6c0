// SPDX-License-Identifier: GPL-2.0-or-later
#include "hwdetect/identity.h"

#include <gmock/gmock.h>

using namespace pando;
using namespace pando::hwdetect;
using testing::AllOf;
using testing::HasSubstr;

namespace {

constexpr const char* uuid1 = "4c4c4544-0058-4b10-8032-b7c04f4d3933";
constexpr const char* uuid1_swapped = "44454c4c-5800-104b-8032-b7c04f4d3933";
constexpr const char* uuid2 = "6f1c1e1d-0b5e-4c1a-9d3e-0a4d4d000011";

config::Node node(const std::string& name, const std::string& mac) {
    config::Node made;
    made.name = name;
    config::Nic nic;
    nic.name = "lan0";
    nic.mac = mac;
    made.nics.push_back(nic);
    return made;
}

config::Cluster grove() {
    config::Cluster cluster;
    cluster.name = "grove";
    cluster.nodes = {node("n1", "52:54:00:00:00:01"), node("n2", "52:54:00:00:00:02")};
    return cluster;
}

Machine machine_with_mac(const std::string& mac) {
    Machine machine;
    machine.nics.push_back({.name = "eth0", .mac = mac, .driver = {}, .device = {}, .carrier = true});
    return machine;
}

}  // namespace

TEST(Identity, IsFoundByUuidFirst) {
    config::Cluster cluster = grove();
    cluster.nodes[1].machine.uuid = uuid1;
    Machine machine = machine_with_mac("52:54:00:00:00:99");
    machine.uuid = uuid1;
    auto identity = identify(machine, cluster);
    ASSERT_TRUE(identity) << identity.error().what;
    EXPECT_EQ(identity->node->name, "n2");
    EXPECT_EQ(identity->key, std::string("UUID ") + uuid1);
    EXPECT_EQ(identity->remark, "");
}

TEST(Identity, IsFoundBySerialThenAssetThenMac) {
    config::Cluster cluster = grove();
    cluster.nodes[0].machine.serial = "7XK2M93";
    cluster.nodes[0].machine.asset = "RACK 1";
    Machine machine = machine_with_mac("52:54:00:00:00:01");
    machine.serial = "7xk2m93";
    machine.asset = "RACK 1";
    EXPECT_EQ(identify(machine, cluster)->key, "serial 7xk2m93");
    machine.serial = "other";
    EXPECT_EQ(identify(machine, cluster)->key, "asset tag RACK 1");
    machine.asset = "";
    EXPECT_EQ(identify(machine, cluster)->key, "MAC 52:54:00:00:00:01");
}

TEST(Identity, TellsWhatDoesNotFit) {
    config::Cluster cluster = grove();
    cluster.nodes[0].machine.uuid = uuid1;
    Machine machine = machine_with_mac("52:54:00:00:00:01");
    machine.uuid = uuid2;
    auto identity = identify(machine, cluster);
    ASSERT_TRUE(identity) << identity.error().what;
    EXPECT_EQ(identity->node->name, "n1");
    EXPECT_THAT(identity->remark, AllOf(HasSubstr(uuid1), HasSubstr(uuid2), HasSubstr("n1")));
}

TEST(Identity, TakesAUuidInTheOtherByteOrderAndSaysSo) {
    config::Cluster cluster = grove();
    cluster.nodes[0].machine.uuid = uuid1_swapped;
    Machine machine;
    machine.uuid = uuid1;
    auto identity = identify(machine, cluster);
    ASSERT_TRUE(identity) << identity.error().what;
    EXPECT_EQ(identity->node->name, "n1");
    EXPECT_THAT(identity->remark, HasSubstr(uuid1));
}

TEST(Identity, PrefersTheUuidAsTheKernelShowsIt) {
    config::Cluster cluster = grove();
    cluster.nodes[0].machine.uuid = uuid1_swapped;
    cluster.nodes[1].machine.uuid = uuid1;
    Machine machine;
    machine.uuid = uuid1;
    auto identity = identify(machine, cluster);
    ASSERT_TRUE(identity) << identity.error().what;
    EXPECT_EQ(identity->node->name, "n2");
}

TEST(Identity, OfOneKeyWithTwoNodesIsRefusedNamingBoth) {
    config::Cluster cluster = grove();
    cluster.nodes[0].machine.serial = "S1";
    cluster.nodes[1].machine.serial = "S1";
    Machine machine;
    machine.serial = "S1";
    auto identity = identify(machine, cluster);
    ASSERT_FALSE(identity);
    EXPECT_THAT(identity.error().what, HasSubstr("two nodes: serial S1 names n1 and n2"));
    EXPECT_EQ(identity.error().kind, ErrorKind::bad_input);
}

TEST(Identity, OfKeysThatDisagreeIsRefusedNamingBoth) {
    config::Cluster cluster = grove();
    cluster.nodes[0].machine.uuid = uuid1;
    Machine machine = machine_with_mac("52:54:00:00:00:02");
    machine.uuid = uuid1;
    auto identity = identify(machine, cluster);
    ASSERT_FALSE(identity);
    EXPECT_THAT(identity.error().what, AllOf(HasSubstr("n1"), HasSubstr("MAC 52:54:00:00:00:02 names n2")));
}

TEST(Identity, OfTwoMacsOfTwoNodesIsRefused) {
    Machine machine = machine_with_mac("52:54:00:00:00:01");
    machine.nics.push_back(machine_with_mac("52:54:00:00:00:02").nics[0]);
    EXPECT_FALSE(identify(machine, grove()));
}

TEST(Identity, OfAStrangerIsRefusedWithWhatToWriteIntoClusterYaml) {
    Machine machine = machine_with_mac("52:54:00:00:00:99");
    machine.uuid = uuid1;
    machine.serial = "a\"b\\c";
    auto identity = identify(machine, grove());
    ASSERT_FALSE(identity);
    EXPECT_EQ(identity.error().kind, ErrorKind::bad_input);
    EXPECT_THAT(identity.error().what, AllOf(HasSubstr("grove"), HasSubstr(uuid1), HasSubstr("52:54:00:00:00:99")));
    EXPECT_THAT(identity.error().advice,
                HasSubstr(std::string("machine: {uuid: \"") + uuid1 + "\", serial: \"a\\\"b\\\\c\"}"));
    EXPECT_THAT(identity.error().advice, HasSubstr("mac: \"52:54:00:00:00:99\""));
}

TEST(Identity, OfAMachineWithoutAnyKeySaysWhy) {
    auto identity = identify(Machine{}, grove());
    ASSERT_FALSE(identity);
    EXPECT_THAT(identity.error().advice, HasSubstr("driver"));
}

TEST(Identity, IgnoresEmptyKeysOnBothSides) {
    config::Cluster cluster = grove();
    cluster.nodes[0].machine.serial = "";
    cluster.nodes[0].machine.uuid = "";
    EXPECT_FALSE(identify(machine_with_mac("52:54:00:00:00:99"), cluster));
}
