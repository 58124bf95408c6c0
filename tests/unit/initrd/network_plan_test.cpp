// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/network.h"

#include "config/load.h"
#include "tests/unit/config/golden.h"

#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <algorithm>
#include <map>
#include <sstream>

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
    if (address) made.addresses = {*address};
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
                            "address replace 10.77.0.11/24 brd + dev lan0 valid_lft forever preferred_lft forever",
                            "link set dev lan0 up", "route replace default via 10.77.0.1 dev lan0 proto static"));
}

TEST(NetworkPlan, LeavesANicThatHasItsNameUp) {
    config::Node node;
    node.nics = {nic("lan0", mac1, "10.77.0.11/24")};
    EXPECT_THAT(*ip_commands(node, machine({{"lan0", mac1}})),
                ElementsAre("link set dev lo up", "address flush dev lan0 scope global",
                            "address replace 10.77.0.11/24 brd + dev lan0 valid_lft forever preferred_lft forever",
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

TEST(NetworkPlan, MovesAStrangersNicOutOfTheWayAndTakesItsAddress) {
    config::Node node;
    node.nics = {nic("eth0", mac1)};
    const auto lines = *ip_commands(node, machine({{"eth0", mac2}, {"eth1", mac1}}));
    EXPECT_THAT(std::vector(lines.begin() + 1, lines.begin() + 6),
                ElementsAre("link set dev eth0 down", "link set dev eth0 name pando-aside0",
                            "address flush dev pando-aside0 scope global", "link set dev eth1 down",
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
    EXPECT_THAT(
        *ip_commands(node, machine({{"lan0", mac1}, {"lan1", mac2}})),
        ElementsAre("link set dev lo up", "address flush dev lan0 scope global", "address flush dev lan1 scope global",
                    "link add name bond0 type bond mode active-backup miimon 100", "link set dev bond0 mtu 9000",
                    "link set dev lan0 down", "link set dev lan0 master bond0", "link set dev lan1 down",
                    "link set dev lan1 master bond0",
                    "address replace 10.0.0.11/24 brd + dev bond0 valid_lft forever preferred_lft forever",
                    "link set dev bond0 up", "link add link bond0 name san0 type vlan id 100",
                    "address replace 2001:db8::11/64 dev san0 valid_lft forever preferred_lft forever",
                    "link set dev san0 up", "route replace default via 2001:db8::1 dev san0 proto static"));
}

TEST(NetworkPlan, GivesTheRecordedLinesForEveryKindOfPlan) {
    const auto cluster = config::load_file(test::cluster_data("network.yaml"));
    ASSERT_TRUE(cluster) << cluster.error().what;
    for (const auto& node : cluster->nodes) {
        // The kernel's names, and one NIC more than the plan has.
        std::vector<std::pair<std::string, std::string>> nics = {{"eth0", "52:54:00:00:00:99"}};
        for (const auto& nic : node.nics)
            if (nic.mac) nics.emplace_back(fmt::format("eth{}", nics.size()), *nic.mac);
        const auto lines = ip_commands(node, machine(nics));
        ASSERT_TRUE(lines) << lines.error().what;
        test::expect_golden("network." + node.name + ".ip", fmt::format("{}\n", fmt::join(*lines, "\n")));
    }
}

// What the lines make of the kernel's names, as the kernel would: a name that is taken is refused.
std::map<std::string, std::string> renamed(std::map<std::string, std::string> by_name,
                                           const std::vector<std::string>& lines) {
    for (const auto& line : lines) {
        std::istringstream words(line);
        std::string link, set, dev, from, name, to;
        if (!(words >> link >> set >> dev >> from >> name >> to) || link != "link" || name != "name") continue;
        EXPECT_EQ(by_name.count(to), 0U) << line;
        EXPECT_EQ(by_name.count(from), 1U) << line;
        by_name[to] = by_name[from];
        by_name.erase(from);
    }
    return by_name;
}

TEST(NetworkPlan, GivesTheSameNamesWhateverTheProbeOrder) {
    config::Node node;
    node.nics = {nic("eth2", "52:54:00:00:00:00"), nic("eth0", "52:54:00:00:00:01"), nic("lan0", "52:54:00:00:00:02")};
    std::vector<int> order = {0, 1, 2, 3};  // the fourth is not in the plan
    int orders = 0;
    do {
        std::vector<std::pair<std::string, std::string>> nics;
        std::map<std::string, std::string> before;
        for (size_t i = 0; i < order.size(); ++i) {
            nics.emplace_back(fmt::format("eth{}", i), fmt::format("52:54:00:00:00:0{}", order[i]));
            before[nics.back().first] = nics.back().second;
        }
        const auto after = renamed(before, *ip_commands(node, machine(nics)));
        for (const auto& wanted : node.nics) {
            ASSERT_EQ(after.count(wanted.name), 1U) << fmt::format("{}", fmt::join(order, " "));
            EXPECT_EQ(after.at(wanted.name), *wanted.mac) << fmt::format("{}", fmt::join(order, " "));
        }
        ++orders;
    } while (std::next_permutation(order.begin(), order.end()));
    EXPECT_EQ(orders, 24);
}

TEST(NetworkPlan, RefusesABridgeThatStandsOnNoHardware) {
    config::Node node;
    config::Nic bridge = nic("br0", {});
    bridge.bridge = config::Bridge{};
    node.nics = {bridge};
    const auto lines = ip_commands(node, machine({}));
    ASSERT_FALSE(lines);
    EXPECT_THAT(lines.error().what, HasSubstr("bridge br0 stands on no NIC"));
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
