// SPDX-License-Identifier: GPL-2.0-or-later
// What of a node's network plan is refused, and what is not.
#include "config/render.h"
#include "tests/unit/config/sample.h"

namespace pando::test {
namespace {

using namespace config;
using testing::ElementsAre;
using testing::HasSubstr;

// The sample with other NICs for n2, one a line.
std::string with_nics(const std::string& nics) {
    return with("- {name: lan0, mac: \"52:54:00:00:00:02\", address: 10.0.0.12/24}", nics);
}

const std::string two_ports = R"(- {name: port0, mac: "52:54:00:00:00:02"}
      - {name: port1, mac: "52:54:00:00:00:03"}
      )";
const std::string bonded =
    two_ports + "- {name: bond0, address: 10.0.0.12/24, bond: {members: [port0, port1], mode: active-backup}}";

struct Refusal {
    const char* promise;
    std::string nics;  // of n2
    std::string said;  // what the complaint holds
    std::string at;    // and the text it points to: the line is shown
};

void PrintTo(const Refusal& refusal, std::ostream* out) { *out << refusal.promise; }

class NetworkRefusal : public testing::TestWithParam<Refusal> {};

TEST_P(NetworkRefusal, IsToldWithItsPlace) {
    const std::string text = with_nics(GetParam().nics);
    const std::string said = complaints(text);
    EXPECT_THAT(said, HasSubstr(GetParam().said));
    if (!GetParam().at.empty()) {
        const size_t at = text.find(GetParam().at);
        ASSERT_NE(at, std::string::npos);
        const auto line = std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n') + 1;
        const auto column = at - text.rfind('\n', at);
        EXPECT_THAT(said, HasSubstr(fmt::format("cluster.yaml:{}:{}: ", line, column)));
    }
}

const std::string lan = R"({name: lan0, mac: "52:54:00:00:00:02", address: 10.0.0.12/24)";

INSTANTIATE_TEST_SUITE_P(
    Plan, NetworkRefusal,
    testing::Values(
        Refusal{"MemberWithAnAddress",
                with("port0, mac: \"52:54:00:00:00:02\"", "port0, mac: \"52:54:00:00:00:02\", address: 10.3.0.1/24",
                     bonded),
                "port0 is a member of bond0 and has an address", "10.3.0.1/24"},
        Refusal{"MemberWithDhcp",
                with("port0, mac: \"52:54:00:00:00:02\"", "port0, mac: \"52:54:00:00:00:02\", dhcp: true", bonded),
                "has an address by DHCP", "true}"},
        Refusal{"ClusterNicByDhcp", R"(- {name: lan0, mac: "52:54:00:00:00:02", dhcp: true, cluster: true})",
                "DHCP may give it another", ""},
        Refusal{"MemberOfTwo", bonded + "\n      - {name: br0, bridge: {members: [port1]}}",
                "port1 is already a member of bond0", "port1]}}\n    fence"},
        Refusal{"UnknownBridgeMember", "- " + lan + "}\n      - {name: br0, bridge: {members: [lan9]}}",
                "n2 has no NIC lan9", "lan9"},
        Refusal{"BridgeWithoutMember", "- " + lan + "}\n      - {name: br0, bridge: {members: []}}",
                "bridge br0 has no member", "[]"},
        Refusal{"BridgeInABridge", R"(- {name: lan0, mac: "52:54:00:00:00:02"}
      - {name: br0, bridge: {members: [lan0]}}
      - {name: br1, address: 10.0.0.12/24, bridge: {members: [br0]}})",
                "br0 is a bridge itself", "br0]}"},
        Refusal{"LoopOfLinks", "- " + lan + R"(}
      - {name: a, vlan: {link: b, id: 1}}
      - {name: b, vlan: {link: c, id: 2}}
      - {name: c, bridge: {members: [a]}})",
                "a stands on itself: a on b on c on a", "{name: a"},
        Refusal{"VlanOnAMember", bonded + "\n      - {name: v, vlan: {link: port0, id: 5}}",
                "port0 is a member of bond bond0", "port0, id"},
        Refusal{"OneVlanTwice", "- " + lan + R"(}
      - {name: a, vlan: {link: lan0, id: 7}}
      - {name: b, vlan: {link: lan0, id: 7}})",
                "VLAN 7 on lan0 is already a", "7}}\n    fence"},
        Refusal{"BondAndBridge",
                two_ports + "- {name: x, address: 10.0.0.12/24, bond: {members: [port0], mode: 802.3ad}, "
                            "bridge: {members: [port1]}}",
                "a bond and a bridge at once", "{name: x"},
        Refusal{"LacpRateElsewhere", with("mode: active-backup", "mode: active-backup, lacp_rate: fast", bonded),
                "mode active-backup has no lacp_rate", "fast"},
        Refusal{"LacpRateUnknown", with("mode: active-backup", "mode: 802.3ad, lacp_rate: fats", bonded),
                "did you mean \"fast\"?", "fats"},
        Refusal{"PrimaryElsewhere", with("mode: active-backup", "mode: 802.3ad, primary: port0", bonded),
                "mode 802.3ad has no primary", "port0}}"},
        Refusal{"PrimaryNoMember", with("mode: active-backup", "mode: active-backup, primary: port7", bonded),
                "port7 is no member of bond0", "port7"},
        Refusal{"MiimonNever", with("mode: active-backup", "mode: active-backup, miimon: 0s", bonded), "too short",
                "0s"},
        Refusal{"VlanAboveItsLink", "- " + lan + "}\n      - {name: v, mtu: 9000, vlan: {link: lan0, id: 5}}",
                "MTU 9000 of v is above that of lan0, 1500", "9000"},
        Refusal{"BridgeAboveItsMember", R"(- {name: lan0, mac: "52:54:00:00:00:02", mtu: 4000}
      - {name: br0, address: 10.0.0.12/24, mtu: 9000, bridge: {members: [lan0]}})",
                "MTU 9000 of br0 is above that of lan0, 4000", "9000"},
        Refusal{"MemberNotAsItsBond",
                with("port0, mac: \"52:54:00:00:00:02\"", "port0, mac: \"52:54:00:00:00:02\", mtu: 9000", bonded),
                "port0 is a member of bond0, whose MTU is 1500", "9000"},
        Refusal{"MtuTooLarge", "- " + lan + ", mtu: 65536}", "from 576 to 65535", "65536"},
        Refusal{"MtuTooSmallForIpv6",
                R"(- {name: lan0, mac: "52:54:00:00:00:02", mtu: 1279, address: [10.0.0.12/24, "2001:db8::12/64"]})",
                "IPv6 needs 1280", "1279"},
        Refusal{"SecondOfSeveralAddressesTaken",
                R"(- {name: lan0, mac: "52:54:00:00:00:02", address: [10.0.0.12/24, 10.0.0.11/24]})",
                "address 10.0.0.11 is already that of n1", "10.0.0.11/24]"},
        Refusal{"RouteNotOfTheNetwork", "- " + lan + ", routes: [{destination: 198.51.100.0/24, gateway: 10.9.0.1}]}",
                "gateway 10.9.0.1 is not in the network of lan0", "10.9.0.1"},
        Refusal{"RouteOfTwoFamilies", "- " + lan + ", routes: [{destination: \"2001:db8::/32\", gateway: 10.0.0.1}]}",
                "are of two families", "10.0.0.1}"},
        Refusal{"RouteWithHostBits", "- " + lan + ", routes: [{destination: 198.51.100.1/24, gateway: 10.0.0.1}]}",
                "has bits beyond its length", "198.51.100.1/24"},
        Refusal{"RouteTwice",
                "- " + lan +
                    ", routes: [{destination: 198.51.100.0/24, gateway: 10.0.0.1}, {destination: "
                    "198.51.100.0/24, gateway: 10.0.0.2}]}",
                "n2 has a route to 198.51.100.0/24 already", "198.51.100.0/24, gateway: 10.0.0.2"},
        Refusal{"TwoDefaultRoutes",
                "- " + lan + ", gateway: 10.0.0.1, routes: [{destination: 0.0.0.0/0, gateway: 10.0.0.2}]}",
                "a second gateway of n2", "0.0.0.0/0"},
        Refusal{"GatewayIsItself", "- " + lan + ", gateway: 10.0.0.12}", "not in the network", "10.0.0.12}"},
        Refusal{"GatewayAmongStrangers", "- " + lan + ", routes: [{destination: 0.0.0.0/0, gateway: 10.0.0.200}]}",
                "addresses for unknown machines", "10.0.0.200"},
        Refusal{"FourNameServers", "- " + lan + ", dns: [10.0.0.1, 10.0.0.2, 10.0.0.3, 10.0.0.4]}",
                "4 name servers of n2", "[10.0.0.1, 10.0.0.2"},
        Refusal{"DnsByName", "- " + lan + ", dns: ns.example.org}", "is no IP address", "ns.example.org"},
        Refusal{"SearchNoDomain", "- " + lan + ", search: [example..org]}", "is no domain", "example..org"},
        Refusal{"SearchUpperCase", "- " + lan + ", search: Example.org}", "is no domain", "Example.org"},
        Refusal{"NumberAsName", R"(- {name: "12", mac: "52:54:00:00:00:02", address: 10.0.0.12/24})",
                "cannot be a number", "\"12\""},
        Refusal{"NameOfTheBondingDriver",
                R"(- {name: bonding_masters, mac: "52:54:00:00:00:02", address: 10.0.0.12/24})",
                "cannot be called \"bonding_masters\"", "bonding_masters"},
        Refusal{"NameWithColon", R"(- {name: "lan0:1", mac: "52:54:00:00:00:02", address: 10.0.0.12/24})",
                "is no interface name", "\"lan0:1\""}),
    [](const auto& info) { return std::string(info.param.promise); });

TEST(Network, SeveralAddressesOneOfThemIsCorosyncs) {
    const auto cluster = load(with_nics(
        R"(- {name: lan0, mac: "52:54:00:00:00:02", address: [10.0.0.12/24, 10.0.3.1/32, "2001:db8::12/64"]})"));
    ASSERT_TRUE(cluster) << cluster.error().what;
    EXPECT_EQ(cluster->nodes[1].cluster_address(), "10.0.0.12");
    EXPECT_THAT(cluster->nodes[1].nics[0].addresses, ElementsAre("10.0.0.12/24", "10.0.3.1/32", "2001:db8::12/64"));
    EXPECT_THAT(hosts(*cluster), HasSubstr("10.0.0.12 n2\n10.0.3.1 n2-lan0\n2001:db8::12 n2-lan0\n"));
}

TEST(Network, ADefaultRouteForEachFamily) {
    EXPECT_TRUE(load(with_nics(
        R"(- {name: lan0, mac: "52:54:00:00:00:02", address: [10.0.0.12/24, "2001:db8::12/64"], gateway: 10.0.0.1, routes: [{destination: "::/0", gateway: "2001:db8::1"}]})")));
}

TEST(Network, ABridgeOnAVlanOnABondHasTheMacOfTheFirstMember) {
    const auto cluster =
        load(with_nics(two_ports + R"(- {name: bond0, mtu: 9000, bond: {members: [port1, port0], mode: 802.3ad}}
      - {name: v, mtu: 9000, vlan: {link: bond0, id: 5}}
      - {name: br0, address: 10.0.0.12/24, bridge: {members: [v]}})"));
    ASSERT_TRUE(cluster) << cluster.error().what;
    const Node& node = cluster->nodes[1];
    EXPECT_EQ(node.cluster_nic()->name, "br0");
    EXPECT_EQ(node.hardware_of(*node.find_nic("br0"))->name, "port1");
    EXPECT_EQ(node.master_of("port0")->name, "bond0");
    EXPECT_EQ(node.master_of("bond0"), nullptr);
}

}  // namespace
}  // namespace pando::test
