// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/network.h"

#include <gmock/gmock.h>

using namespace pando;
using namespace pando::initrd;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

config::Nic nic(const std::string& name, std::optional<std::string> mac, std::optional<std::string> address = {}) {
    config::Nic made;
    made.name = name;
    made.mac = std::move(mac);
    made.address = std::move(address);
    return made;
}

hwdetect::Machine machine(const std::vector<std::pair<std::string, std::string>>& nics) {
    hwdetect::Machine made;
    for (const auto& [name, mac] : nics)
        made.nics.push_back({.name = name, .mac = mac, .driver = {}, .device = {}, .carrier = true});
    return made;
}

constexpr const char* mac1 = "52:54:00:00:00:01";
constexpr const char* mac2 = "52:54:00:00:00:02";

}  // namespace

TEST(NetworkPlan, OfOneNicWithAnAddressAndGateway) {
    config::Node node;
    node.name = "n1";
    node.nics = {nic("lan0", mac1, "10.77.0.11/24")};
    node.nics[0].gateway = "10.77.0.1";
    node.nics[0].mtu = 9000;
    EXPECT_THAT(*ip_commands(node, machine({{"eth0", mac1}})),
                ElementsAre("link set dev lo up", "link set dev eth0 down", "link set dev eth0 name lan0",
                            "address flush dev lan0 scope global", "link set dev lan0 mtu 9000",
                            "address replace 10.77.0.11/24 dev lan0 valid_lft forever preferred_lft forever",
                            "link set dev lan0 up", "route replace default via 10.77.0.1 dev lan0"));
}

TEST(NetworkPlan, LeavesANicThatHasItsNameUp) {
    config::Node node;
    node.nics = {nic("lan0", mac1, "10.77.0.11/24")};
    EXPECT_THAT(*ip_commands(node, machine({{"lan0", mac1}})),
                ElementsAre("link set dev lo up", "address flush dev lan0 scope global",
                            "address replace 10.77.0.11/24 dev lan0 valid_lft forever preferred_lft forever",
                            "link set dev lan0 up"));
}

TEST(NetworkPlan, SwapsTwoNamesThroughATemporaryOne) {
    config::Node node;
    node.nics = {nic("eth0", mac1), nic("eth1", mac2)};
    const auto lines = *ip_commands(node, machine({{"eth0", mac2}, {"eth1", mac1}}));
    EXPECT_THAT(std::vector(lines.begin() + 1, lines.begin() + 9),
                ElementsAre("link set dev eth0 down", "link set dev eth0 name pando-aside0", "link set dev eth1 down",
                            "link set dev eth1 name pando-aside1", "link set dev pando-aside1 down",
                            "link set dev pando-aside1 name eth0", "link set dev pando-aside0 down",
                            "link set dev pando-aside0 name eth1"));
}

TEST(NetworkPlan, MovesAStrangersNicOutOfTheWay) {
    config::Node node;
    node.nics = {nic("eth0", mac1)};
    const auto lines = *ip_commands(node, machine({{"eth0", mac2}, {"eth1", mac1}}));
    EXPECT_THAT(std::vector(lines.begin() + 1, lines.begin() + 5),
                ElementsAre("link set dev eth0 down", "link set dev eth0 name pando-aside0", "link set dev eth1 down",
                            "link set dev eth1 name eth0"));
}

TEST(NetworkPlan, MakesBondAndVlanAfterWhatTheyStandOn) {
    config::Node node;
    config::Nic vlan = nic("san0", {}, "2001:db8::11/64");
    vlan.vlan = config::Vlan{"bond0", 100};
    vlan.gateway = "2001:db8::1";
    config::Nic bond = nic("bond0", {}, "10.0.0.11/24");
    bond.bond = config::Bond{{"lan0", "lan1"}, "active-backup"};
    bond.mtu = 9000;
    node.nics = {vlan, bond, nic("lan0", mac1), nic("lan1", mac2)};
    EXPECT_THAT(*ip_commands(node, machine({{"lan0", mac1}, {"lan1", mac2}})),
                ElementsAre("link set dev lo up", "address flush dev lan0 scope global", "link set dev lan0 up",
                            "address flush dev lan1 scope global", "link set dev lan1 up",
                            "link add name bond0 type bond mode active-backup miimon 100", "link set dev lan0 down",
                            "link set dev lan0 master bond0", "link set dev lan1 down",
                            "link set dev lan1 master bond0", "link set dev bond0 mtu 9000",
                            "address replace 10.0.0.11/24 dev bond0 valid_lft forever preferred_lft forever",
                            "link set dev bond0 up", "link add link bond0 name san0 type vlan id 100",
                            "address replace 2001:db8::11/64 dev san0 valid_lft forever preferred_lft forever",
                            "link set dev san0 up", "route replace default via 2001:db8::1 dev san0"));
}

TEST(NetworkPlan, WithoutTheNicSaysWhichAreThere) {
    config::Node node;
    node.name = "n1";
    node.nics = {nic("lan0", mac1)};
    auto lines = ip_commands(node, machine({{"eth0", mac2}}));
    ASSERT_FALSE(lines);
    EXPECT_THAT(lines.error().what, AllOf(HasSubstr("n1"), HasSubstr(mac1), HasSubstr("eth0"), HasSubstr(mac2)));
    EXPECT_FALSE(lines.error().advice.empty());
}

TEST(NetworkPlan, RefusesTwoNicsWithOneMac) {
    config::Node node;
    node.nics = {nic("lan0", mac1)};
    auto lines = ip_commands(node, machine({{"eth0", mac1}, {"eth1", mac1}}));
    ASSERT_FALSE(lines);
    EXPECT_THAT(lines.error().what, AllOf(HasSubstr("eth0"), HasSubstr("eth1")));
}

TEST(NetworkPlan, RefusesWhatStandsOnItselfOrOnNothing) {
    config::Node node;
    config::Nic a = nic("a", {}), b = nic("b", {});
    a.vlan = config::Vlan{"b", 1};
    b.vlan = config::Vlan{"a", 2};
    node.nics = {a, b};
    EXPECT_FALSE(ip_commands(node, machine({})));
    node.nics = {a};
    auto lines = ip_commands(node, machine({}));
    ASSERT_FALSE(lines);
    EXPECT_THAT(lines.error().what, HasSubstr("b, which is none of its nics"));
}
