// SPDX-License-Identifier: GPL-2.0-or-later
#include "nodes/waiting.h"

#include "nodes/off.h"
#include "tests/unit/config/sample.h"

namespace pando::test {
namespace {

using namespace nodes;
using testing::ElementsAre;
using testing::HasSubstr;

config::Pending machine(const std::string& serial, const std::vector<std::string>& macs) {
    config::Pending one;
    one.machine.identity.serial = serial;
    one.machine.macs = macs;
    return one;
}

TEST(Waiting, TheOnlyMachineNeedsNoName) {
    EXPECT_EQ(*choose({machine("A", {})}, "")->machine.identity.serial, "A");
    const auto none = choose({}, "");
    ASSERT_FALSE(none);
    EXPECT_THAT(none.error().what, HasSubstr("no machine waits"));
    const auto two = choose({machine("A", {}), machine("B", {})}, "");
    ASSERT_FALSE(two);
    EXPECT_THAT(two.error().what, HasSubstr("1: serial A; 2: serial B"));
}

TEST(Waiting, AMachineIsNamedByNumberMacOrSerial) {
    const std::vector<config::Pending> all = {machine("A", {"52:54:00:00:00:0a"}), machine("1", {"52:54:00:00:00:0b"})};
    EXPECT_EQ(*choose(all, "2")->machine.identity.serial, "1");
    EXPECT_EQ(*choose(all, "1")->machine.identity.serial, "1") << "a key of a machine goes before its number";
    EXPECT_EQ(*choose(all, "52:54:00:00:00:0A")->machine.identity.serial, "A");
    EXPECT_FALSE(choose(all, "3"));
    EXPECT_FALSE(choose({machine("A", {}), machine("A", {})}, "A"));
}

TEST(Waiting, ZerosAndGroupAddressesNameNoNic) {
    const auto cluster = load(sample);
    const auto many = machine("B", {"00:00:00:00:00:00", "01:00:5e:00:00:01", "52:54:00:00:00:b1"});
    const auto binding = bind(*cluster->find_node("n2"), many.machine, *cluster);
    ASSERT_TRUE(binding) << binding.error().what;
    EXPECT_EQ(binding->macs.at("lan0"), "52:54:00:00:00:b1");
    EXPECT_FALSE(bind(*cluster->find_node("n2"), machine("B", {"00:00:00:00:00:00"}).machine, *cluster));
}

TEST(Waiting, AMachineThatIsNearlyANodeIsToldApart) {
    const auto cluster = load(with("machine: {uuid: 4c4c4544-0042-3510-8052-b4c04f4a3132}",
                                   "machine: {uuid: 4c4c4544-0042-3510-8052-b4c04f4a3132, serial: CZ2}"));
    ASSERT_TRUE(cluster);
    config::Pending one = machine("CZ2", {"52:54:00:00:00:99"});
    one.machine.identity.uuid = "4c4c4544-0042-3510-8052-b4c04f4affff";
    EXPECT_THAT(resemblances(one.machine, *cluster), ElementsAre("its serial is n2's, not its UUID"));
    EXPECT_TRUE(resemblances(machine("X", {}).machine, *cluster).empty());
}

TEST(Waiting, AnAssetTagThatAnotherNodeHasIsLeftOutWithANote) {
    const auto cluster = load(with("machine: {uuid: 4c4c4544-0042-3510-8052-b4c04f4a3131}",
                                   "machine: {uuid: 4c4c4544-0042-3510-8052-b4c04f4a3131, asset: ENC-1}"));
    ASSERT_TRUE(cluster) << cluster.error().what;
    config::Pending one = machine("S9", {"52:54:00:00:00:99"});
    one.machine.identity.asset = "enc-1";
    const auto own = without_shared_asset(one.machine, *cluster, "n2");
    EXPECT_FALSE(own.machine.identity.asset);
    EXPECT_EQ(own.machine.identity.serial, "S9");
    EXPECT_THAT(own.note, HasSubstr("n2: asset tag enc-1 is left out, n1 has it already"));
    const auto binding = bind(*cluster->find_node("n2"), own.machine, *cluster);
    ASSERT_TRUE(binding);
    EXPECT_TRUE(is_bound_to(*binding, one.machine)) << "the command given again finds it done";
    // Its own, or nobody's, is kept; and so is one without which nothing is left to know the machine by.
    EXPECT_TRUE(without_shared_asset(one.machine, *cluster, "n1").machine.identity.asset);
    one.machine.identity.serial.reset();
    EXPECT_TRUE(without_shared_asset(one.machine, *cluster, "n2").machine.identity.asset);
    EXPECT_FALSE(is_bound_to(config::Binding{{}, {{"lan0", "52:54:00:00:00:99"}}}, one.machine));
}

TEST(Waiting, TheBootNicBecomesTheNodesBootNicAndAMovedCardKeepsItsName) {
    const auto cluster = load(with("- {name: lan0, mac: \"52:54:00:00:00:02\", address: 10.0.0.12/24}",
                                   "- {name: san0, mac: \"52:54:00:00:01:02\"}\n"
                                   "      - {name: lan0, mac: \"52:54:00:00:00:02\", address: 10.0.0.12/24}"));
    ASSERT_TRUE(cluster) << cluster.error().what;
    const config::Node& n2 = *cluster->find_node("n2");
    auto binding = bind(n2, machine("B", {"52:54:00:00:00:b1", "52:54:00:00:00:b2"}).machine, *cluster);
    ASSERT_TRUE(binding) << binding.error().what;
    EXPECT_EQ(binding->macs["lan0"], "52:54:00:00:00:b1");
    EXPECT_EQ(binding->macs["san0"], "52:54:00:00:00:b2");
    binding = bind(n2, machine("B", {"52:54:00:00:01:02", "52:54:00:00:00:b2"}).machine, *cluster);
    ASSERT_TRUE(binding);
    EXPECT_EQ(binding->macs["lan0"], "52:54:00:00:00:b2");
    EXPECT_EQ(binding->macs["san0"], "52:54:00:00:01:02");
    EXPECT_FALSE(bind(n2, machine("B", {"52:54:00:00:00:b1"}).machine, *cluster));
}

TEST(Off, TheFirstDeviceThatAnswersDecides) {
    using fencing::FenceAnswer;
    EXPECT_EQ(judge({FenceAnswer{"n2", "bmc", false, "no route"}, FenceAnswer{"n2", "pdu", true, "off"}}),
              Verdict::off);
    EXPECT_EQ(judge({FenceAnswer{"n2", "bmc", true, "off"}, FenceAnswer{"n2", "pdu", true, "on"}}), Verdict::off);
    EXPECT_EQ(judge({FenceAnswer{"n2", "bmc", false, "off"}, FenceAnswer{"n2", "pdu", true, "on"}}), Verdict::on);
    EXPECT_EQ(judge({FenceAnswer{"n2", "bmc", true, "on"}, FenceAnswer{"n2", "pdu", true, "off"}}), Verdict::on)
        << "of two supplies one may be off";
    EXPECT_EQ(judge({FenceAnswer{"n2", "bmc", false, "no route"}}), Verdict::unknown);
    EXPECT_EQ(judge({}), Verdict::unknown);
}

Now five_nodes(const std::vector<uint32_t>& members) {
    Now now;
    for (uint32_t id = 1; id <= 5; ++id) now.cluster.nodes.push_back({.name = fmt::format("n{}", id), .id = id});
    now.quorum = initrd::Quorum{.quorate = true, .votes = 0, .needed = 3, .expected = 5, .members = members};
    return now;
}

TEST(Life, IsToldFromMembershipAndClaims) {
    Now now = five_nodes({1});
    const auto claim = [&](uint32_t id, config::ClaimState state, bool beats) {
        config::Claim one;
        one.id = id;
        one.boot = std::to_string(id);
        one.state = state;
        now.claims.push_back(one);
        now.alive[one.boot] = beats;
    };
    claim(2, config::ClaimState::booting, true);
    claim(3, config::ClaimState::up, true);
    claim(4, config::ClaimState::left, false);
    claim(5, config::ClaimState::up, false);
    std::vector<Life> lives;
    for (const config::Node& node : now.cluster.nodes) lives.push_back(now.life_of(node));
    EXPECT_THAT(lives, ElementsAre(Life::up, Life::booting, Life::apart, Life::left, Life::silent));
    EXPECT_FALSE(refuse_if_alive(now, now.cluster.nodes[0], "replaced"));
    EXPECT_FALSE(refuse_if_alive(now, now.cluster.nodes[1], "replaced"));
    EXPECT_FALSE(refuse_if_alive(now, now.cluster.nodes[2], "replaced"));
    EXPECT_TRUE(refuse_if_alive(now, now.cluster.nodes[3], "replaced"));
    EXPECT_TRUE(refuse_if_alive(now, now.cluster.nodes[4], "replaced"));
    now.alive["2"] = false;
    EXPECT_EQ(now.life_of(now.cluster.nodes[1]), Life::unheard);
    EXPECT_TRUE(refuse_if_alive(now, now.cluster.nodes[1], "replaced")) << "its fence device decides";
}

}  // namespace
}  // namespace pando::test
