// SPDX-License-Identifier: GPL-2.0-or-later
#include "hwdetect/identity.h"

#include "config/load.h"
#include "tests/unit/hwdetect/recorded_machine.h"

#include <gmock/gmock.h>

using namespace pando;
using namespace pando::hwdetect;
using test::RecordedMachine;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

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

Machine recorded(const std::string& name) {
    auto machine = read_machine(RecordedMachine::from_file(name).root());
    EXPECT_TRUE(machine) << machine.error().what;
    return machine ? *machine : Machine{};
}

constexpr const char* dell_uuid = "4c4c4544-0058-4b10-8032-b7c04f4d3933";
constexpr const char* dell_mac = "24:6e:96:aa:00:01";

// n1 is the recorded rack server, n2 another machine.
config::Cluster grove_of_rack_servers() {
    config::Cluster cluster = grove();
    cluster.nodes[0] = node("n1", dell_mac);
    cluster.nodes[0].machine = {.uuid = dell_uuid, .serial = "7XK2M93", .asset = "RACK 12 U 7"};
    cluster.nodes[1].machine = {.uuid = uuid2, .serial = "7XK2M94", .asset = {}};
    return cluster;
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
    machine.serial = "";
    EXPECT_EQ(identify(machine, cluster)->key, "asset tag RACK 1");
    machine.asset = "";
    EXPECT_EQ(identify(machine, cluster)->key, "MAC 52:54:00:00:00:01");
}

TEST(Identity, TellsWhatDoesNotFit) {
    config::Cluster cluster = grove();
    cluster.nodes[0].machine.uuid = uuid1;
    const Machine machine = machine_with_mac("52:54:00:00:00:01");  // its firmware tells no UUID
    auto identity = identify(machine, cluster);
    ASSERT_TRUE(identity) << identity.error().what;
    EXPECT_EQ(identity->node->name, "n1");
    EXPECT_THAT(identity->remark, AllOf(HasSubstr(uuid1), HasSubstr("absent"), HasSubstr("n1")));
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

TEST(Identity, SaysWhichKeyDecidedAndHowSureThatIs) {
    const config::Cluster blades = grove();
    const config::Cluster racks = grove_of_rack_servers();
    auto certain = identify(recorded("dell-r640"), racks);
    ASSERT_TRUE(certain) << certain.error().what;
    EXPECT_EQ(certain->node->name, "n1");
    EXPECT_EQ(certain->remark, "");
    EXPECT_EQ(certain->confidence, Confidence::certain);
    EXPECT_EQ(certain->agreeing, 4U);
    EXPECT_EQ(why(*certain), std::string("UUID ") + dell_uuid + "; certain, 4 keys agree");

    auto likely = identify(machine_with_mac("52:54:00:00:00:01"), blades);
    ASSERT_TRUE(likely) << likely.error().what;
    EXPECT_EQ(likely->confidence, Confidence::likely);
    EXPECT_EQ(why(*likely), "MAC 52:54:00:00:00:01; only likely, no other key agrees");
}

TEST(Identity, OfAChangedBoardIsDecidedByTheSerialWithARemark) {
    const config::Cluster racks = grove_of_rack_servers();
    Machine machine = recorded("dell-r640");
    machine.uuid = uuid1;
    machine.uuid[0] = '5';
    auto identity = identify(machine, racks);
    ASSERT_TRUE(identity) << identity.error().what;
    EXPECT_EQ(identity->node->name, "n1");
    EXPECT_EQ(identity->key, "serial 7XK2M93");
    EXPECT_EQ(identity->confidence, Confidence::certain);
    EXPECT_THAT(identity->remark, AllOf(HasSubstr("UUID is 5c4c"), HasSubstr("into machine: of n1")));
}

TEST(Identity, OfABoardThatCameFromAnotherNodeIsRefused) {
    const config::Cluster racks = grove_of_rack_servers();
    Machine machine = recorded("dell-r640");
    machine.uuid = uuid2;  // n2's board in n1's chassis
    auto identity = identify(machine, racks);
    ASSERT_FALSE(identity);
    EXPECT_THAT(identity.error().what,
                AllOf(HasSubstr(std::string("UUID ") + uuid2 + " names n2"), HasSubstr("serial 7XK2M93 names n1")));
}

TEST(Identity, OfAMachineWithAnotherNodesNicIsItsOwnAndTheNicIsNamed) {
    const config::Cluster racks = grove_of_rack_servers();
    Machine machine = recorded("dell-r640");
    machine.nics[2].mac = "52:54:00:00:00:02";
    auto identity = identify(machine, racks);
    ASSERT_TRUE(identity) << identity.error().what;
    EXPECT_EQ(identity->node->name, "n1");
    EXPECT_THAT(identity->remark, AllOf(HasSubstr("MAC 52:54:00:00:00:02"), HasSubstr("node n2"), HasSubstr("moved")));
}

// n2 was bound without it, as n1 has it already.
TEST(Identity, OfAMachineWithTheEnclosuresAssetTagIsItsOwnByTwoOtherKeys) {
    config::Cluster racks = grove_of_rack_servers();
    Machine machine = machine_with_mac("24:6e:96:bb:00:01");
    machine.uuid = uuid2;
    machine.serial = "7XK2M94";
    machine.asset = "RACK 12 U 7";
    const auto identity = identify(machine, racks);
    ASSERT_TRUE(identity) << identity.error().what;
    EXPECT_EQ(identity->node->name, "n2");
    EXPECT_THAT(identity->remark, AllOf(HasSubstr("RACK 12 U 7 is that of node n1"), HasSubstr("enclosure")));
    machine.serial = "";  // the UUID alone may be one that two boards share
    EXPECT_THAT(identify(machine, racks).error().what, HasSubstr("this machine is two nodes"));
    racks.nodes[1].nics[0].mac = "24:6e:96:bb:00:01";
    EXPECT_TRUE(identify(machine, racks));
}

// Its UUID alone may be one that two boards share: then it is n2, and n1's fence device would not reach it.
TEST(Identity, OfADuplicateUuidOnTheBoardOfAnotherNodeIsRefused) {
    config::Cluster cluster = grove();
    cluster.nodes[0].machine.uuid = uuid1;
    Machine board1 = machine_with_mac("52:54:00:00:00:01");
    Machine board2 = machine_with_mac("52:54:00:00:00:02");
    board1.uuid = board2.uuid = uuid1;
    ASSERT_TRUE(identify(board1, cluster));
    auto second = identify(board2, cluster);
    ASSERT_FALSE(second);
    EXPECT_THAT(second.error().what, AllOf(HasSubstr("names n1"), HasSubstr("names n2")));
    EXPECT_THAT(second.error().advice, HasSubstr("two boards share"));
    // Serials tell them apart; the UUID is then nobody's key.
    cluster.nodes[0].machine = {.uuid = {}, .serial = "S1", .asset = {}};
    cluster.nodes[1].machine = {.uuid = {}, .serial = "S2", .asset = {}};
    board1.serial = "S1";
    board2.serial = "S2";
    EXPECT_EQ(identify(board1, cluster)->node->name, "n1");
    EXPECT_EQ(identify(board2, cluster)->node->name, "n2");
}

TEST(Identity, OfAStrangerWithANodesNicIsRefused) {
    const config::Cluster racks = grove_of_rack_servers();
    Machine machine = recorded("hpe-bl460c");
    machine.nics[0].mac = dell_mac;
    auto identity = identify(machine, racks);
    ASSERT_FALSE(identity);
    EXPECT_EQ(identity.error().kind, ErrorKind::bad_input);
    EXPECT_THAT(identity.error().what, AllOf(HasSubstr("NIC of node n1"), HasSubstr("CZ3514H0RW")));
    EXPECT_THAT(identity.error().advice, HasSubstr("pando node replace n1"));
}

// A spare of a maker that gives all boards one UUID: with n1 down it would be n1 without anybody's word.
TEST(Identity, OfASpareThatSharesTheUuidAloneOnlyResemblesTheNode) {
    const config::Cluster racks = grove_of_rack_servers();
    Machine spare = machine_with_mac("24:6e:96:bb:00:01");
    spare.uuid = dell_uuid;
    spare.serial = "7XK2M95";
    const auto identity = identify(spare, racks);
    ASSERT_FALSE(identity);
    EXPECT_EQ(identity.error().kind, ErrorKind::bad_input);
    EXPECT_THAT(identity.error().what, HasSubstr("resembles n1: same UUID, but serial 7XK2M95 in place of 7XK2M93"));
    EXPECT_THAT(identity.error().advice, HasSubstr("pando node replace n1 --pending"));
    spare.asset = "RACK 12 U 7";  // the enclosure's: no word for the spare either
    EXPECT_THAT(identify(spare, racks).error().what, HasSubstr("resembles n1: same UUID, same asset tag, but serial"));
    spare.nics[0].mac = "52:54:00:00:00:02";  // nor does another node's NIC make it n1
    EXPECT_FALSE(identify(spare, racks));
}

TEST(Identity, OfTheSameUuidInTheOtherByteOrderIsNoLessDoubtful) {
    config::Cluster cluster = grove();
    cluster.nodes[0].machine = {.uuid = uuid1_swapped, .serial = "S1", .asset = {}};
    Machine spare;
    spare.uuid = uuid1;
    spare.serial = "S9";
    const auto identity = identify(spare, cluster);
    ASSERT_FALSE(identity);
    EXPECT_THAT(identity.error().what, HasSubstr("same UUID, but serial S9 in place of S1"));
    spare.serial = "S1";
    EXPECT_TRUE(identify(spare, cluster));
}

TEST(Identity, ByUuidWithAnotherSerialHoldsWhereANicOfTheNodeIsThere) {
    const config::Cluster racks = grove_of_rack_servers();
    Machine machine = recorded("dell-r640");
    machine.serial = "SVC-0001";
    const auto identity = identify(machine, racks);
    ASSERT_TRUE(identity) << identity.error().what;
    EXPECT_EQ(identity->node->name, "n1");
    EXPECT_THAT(identity->remark, HasSubstr("serial is SVC-0001, cluster.yaml says 7XK2M93"));
}

TEST(Identity, ByUuidHoldsWhereTheFirmwareTellsNoSerial) {
    const config::Cluster racks = grove_of_rack_servers();
    Machine machine = machine_with_mac("24:6e:96:bb:00:01");
    machine.uuid = dell_uuid;
    for (const char* serial : {"", "To be filled by O.E.M."}) {
        machine.serial = serial;
        const auto identity = identify(machine, racks);
        ASSERT_TRUE(identity) << identity.error().what;
        EXPECT_EQ(identity->node->name, "n1");
    }
}

// Its NICs came with the board.
TEST(Identity, OfAChangedBoardWithOtherNicsIsStillDecidedByTheSerial) {
    const config::Cluster racks = grove_of_rack_servers();
    Machine machine = machine_with_mac("24:6e:96:bb:00:01");
    machine.uuid = uuid1;
    machine.uuid[0] = '5';
    machine.serial = "7XK2M93";
    const auto identity = identify(machine, racks);
    ASSERT_TRUE(identity) << identity.error().what;
    EXPECT_EQ(identity->node->name, "n1");
    EXPECT_EQ(identity->confidence, Confidence::certain);
    EXPECT_THAT(identity->remark, HasSubstr("was its board changed?"));
}

TEST(Identity, OfASpareWithTheEnclosuresAssetTagOnlyResemblesTheNode) {
    const config::Cluster racks = grove_of_rack_servers();
    Machine spare = machine_with_mac("24:6e:96:bb:00:01");
    spare.uuid = "5c4c4544-0058-4b10-8032-b7c04f4d3933";
    spare.serial = "7XK2M95";
    spare.asset = "RACK 12 U 7";
    const auto both = identify(spare, racks);
    ASSERT_FALSE(both);
    EXPECT_THAT(both.error().what, AllOf(HasSubstr("resembles n1: same asset tag, but UUID 5c4c"),
                                         HasSubstr("serial 7XK2M95 in place of 7XK2M93")));
    spare.nics[0].mac = dell_mac;  // the dead blade's card in the spare
    EXPECT_THAT(identify(spare, racks).error().what, HasSubstr("same asset tag, same MAC, but UUID"));
    spare.nics[0].mac = "24:6e:96:bb:00:01";
    spare.serial = "";
    EXPECT_THAT(identify(spare, racks).error().what, HasSubstr("same asset tag, but UUID"));
    spare.uuid = "";
    spare.serial = "7XK2M95";
    EXPECT_THAT(identify(spare, racks).error().what, HasSubstr("same asset tag, but serial"));
}

TEST(Identity, ByAssetTagHoldsWhereNothingSpeaksAgainstItOrANicAgrees) {
    const config::Cluster racks = grove_of_rack_servers();
    Machine machine = machine_with_mac("24:6e:96:bb:00:01");
    machine.asset = "RACK 12 U 7";
    const auto silent = identify(machine, racks);  // its firmware tells neither UUID nor serial
    ASSERT_TRUE(silent) << silent.error().what;
    EXPECT_EQ(silent->confidence, Confidence::likely);
    machine.uuid = "5c4c4544-0058-4b10-8032-b7c04f4d3933";  // a changed board, and its card went along
    machine.nics[0].mac = dell_mac;
    const auto changed = identify(machine, racks);
    ASSERT_TRUE(changed) << changed.error().what;
    EXPECT_EQ(changed->node->name, "n1");
    EXPECT_THAT(changed->remark, HasSubstr("was its board changed?"));
}

TEST(Identity, IsNeverDecidedByAPlaceholder) {
    config::Cluster cluster = grove();
    cluster.nodes[0].machine = {
        .uuid = "03000200-0400-0500-0006-000700080009", .serial = "0123456789", .asset = "To be filled by O.E.M."};
    EXPECT_FALSE(identify(recorded("supermicro-placeholders"), cluster));
    // Not even when somebody hands one in.
    Machine machine;
    machine.uuid = *cluster.nodes[0].machine.uuid;
    machine.serial = "0123456789";
    machine.asset = "To be filled by O.E.M.";
    EXPECT_FALSE(identify(machine, cluster));
    // Such a node is found by what is left: the MAC, and its placeholders do not make it another machine.
    cluster.nodes[0].nics[0].mac = "ac:1f:6b:12:34:56";
    auto identity = identify(recorded("supermicro-placeholders"), cluster);
    ASSERT_TRUE(identity) << identity.error().what;
    EXPECT_EQ(identity->confidence, Confidence::likely);
}

TEST(Identity, IsNeverDecidedByAMacThatNamesNoNic) {
    for (const char* mac : {"00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff"}) {
        config::Cluster cluster = grove();
        cluster.nodes[0].nics[0].mac = mac;
        auto identity = identify(machine_with_mac(mac), cluster);
        ASSERT_FALSE(identity);
        EXPECT_THAT(identity.error().advice, Not(HasSubstr("mac:"))) << "and none is offered for cluster.yaml";
    }
    Machine random = machine_with_mac("52:54:00:00:00:01");
    random.nics[0].random_mac = true;
    EXPECT_FALSE(identify(random, grove()));
}

TEST(Identity, OfAZeroMacBesideARealOneIsTheRealOnes) {
    const config::Cluster blades = grove();
    Machine machine = machine_with_mac("00:00:00:00:00:00");
    machine.nics.push_back(machine_with_mac("52:54:00:00:00:02").nics[0]);
    auto identity = identify(machine, blades);
    ASSERT_TRUE(identity) << identity.error().what;
    EXPECT_EQ(identity->node->name, "n2");
}

// A NIC whose driver comes up late: a stranger at the first look, a node at the second.
TEST(Identity, OfANicThatAppearsLateIsFoundThen) {
    RecordedMachine machine("sys/class/net/");
    EXPECT_FALSE(identify(*read_machine(machine.root()), grove()));
    machine.add("sys/class/net/eth0/address = 52:54:00:00:00:01");
    machine.add("sys/class/net/eth0/type = 1");
    machine.add("sys/class/net/eth0/device/");
    EXPECT_EQ(identify(*read_machine(machine.root()), grove())->node->name, "n1");
}

TEST(Identity, OfTwoMachinesIsNotOneNodesInTheDescription) {
    const std::string both = R"(
cluster: {name: grove, test: true}
storage: {transport: local}
boot: {server: 192.0.2.1, interface: lan0, subnet: 192.0.2.0/24}
nodes:
  - {name: n1, id: 1, machine: {uuid: "4c4c4544-0058-4b10-8032-b7c04f4d3933"}, nics: [{name: lan0, mac: "52:54:00:00:00:01", address: 192.0.2.11/24, cluster: true}], fence: [{agent: fence_none}]}
  - {name: n2, id: 2, machine: {uuid: "4C4C4544-0058-4B10-8032-B7C04F4D3933"}, nics: [{name: lan0, mac: "52:54:00:00:00:02", address: 192.0.2.12/24, cluster: true}], fence: [{agent: fence_none}]}
)";
    const auto cluster = config::load_text(both, "cluster.yaml");
    ASSERT_FALSE(cluster);
    EXPECT_THAT(cluster.error().what,
                HasSubstr("machine UUID 4c4c4544-0058-4b10-8032-b7c04f4d3933 is already that of n1"));
}
