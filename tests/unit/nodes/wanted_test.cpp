// SPDX-License-Identifier: GPL-2.0-or-later
#include "nodes/wanted.h"

#include "nodes/import.h"
#include "tests/unit/config/sample.h"

namespace pando::test {
namespace {

using namespace nodes;
using config::NodeText;
using testing::ElementsAre;
using testing::HasSubstr;

const NodeText fence = NodeText::array({{{"agent", "fence_ipmilan"}, {"options", {{"ip", "10.0.0.103"}}}}});

Wanted node(const std::string& name, const std::string& mac = "52:54:00:00:00:03") {
    return {.keys = {{"name", name}, {"nics", NodeText::array({{{"mac", mac}}})}, {"fence", fence}}};
}

Additions completed(const std::vector<Wanted>& wanted, const std::string& text = sample) {
    const auto all = complete(text, wanted);
    EXPECT_TRUE(all) << all.error().what;
    return all ? *all : Additions();
}

std::string refusal(const std::vector<Wanted>& wanted, const std::string& text = sample) {
    const auto all = complete(text, wanted);
    if (all) {
        ADD_FAILURE() << "was not refused";
        return {};
    }
    EXPECT_EQ(all.error().kind, ErrorKind::bad_input);
    EXPECT_FALSE(all.error().advice.empty());
    return all.error().what;
}

TEST(Wanted, TheLowestFreeIdAndTheNextFreeAddressAreGiven) {
    const auto all = completed({node("n3"), node("n4", "52:54:00:00:00:04")});
    ASSERT_EQ(all.fresh.size(), 2U);
    EXPECT_EQ(all.fresh[0].at("id"), 3);
    EXPECT_EQ(all.fresh[1].at("id"), 4);
    EXPECT_EQ(all.fresh[0].at("nics").dump(),
              R"([{"name":"lan0","mac":"52:54:00:00:00:03","address":"10.0.0.13/24"}])");
    EXPECT_EQ(all.fresh[1].at("nics")[0].at("address"), "10.0.0.14/24");
    EXPECT_TRUE(config::add_nodes(sample, {all.fresh[0]}));
}

TEST(Wanted, AGapInTheIdsIsFilled) {
    EXPECT_EQ(*free_id({1, 2, 4}), 3U);
    std::vector<uint32_t> all;
    for (uint32_t id = 1; id <= 1024; ++id) all.push_back(id);
    EXPECT_FALSE(free_id(all));
}

TEST(Wanted, AnAddressOfAnythingElseIsNotGiven) {
    const auto cluster = load(with("10.0.0.101}", "10.0.0.13, gateway: 10.0.0.14}"));
    ASSERT_TRUE(cluster) << cluster.error().what;
    EXPECT_EQ(*free_address(*cluster, {"10.0.0.15"}), "10.0.0.16/24");
    // 10.0.0.192 to .253 are leased to machines nobody knows; .255 is everybody's.
    const auto late = load(with("10.0.0.11/24", "10.0.0.191/24"));
    ASSERT_TRUE(late) << late.error().what;
    EXPECT_EQ(*free_address(*late), "10.0.0.254/24");
    const auto full = load(with("10.0.0.12/24", "10.0.0.13/24", with("10.0.0.11/24", "10.0.0.254/24")));
    ASSERT_TRUE(full) << full.error().what;
    EXPECT_FALSE(free_address(*full));
}

TEST(Wanted, TheProfileGivesTheAddressAndTheNamesOfTheNics) {
    const std::string text = with("nodes:", R"(profiles:
  blade:
    nics: [{name: eth7, address: "10.0.0.{id+20}/24"}, {name: eth8}]
    fence: [{agent: fence_ipmilan, options: {ip: "10.0.0.{id+100}"}}]
nodes:)");
    Wanted wanted = node("n3");
    wanted.keys["profile"] = "blade";
    wanted.keys["nics"].push_back({{"mac", "52:54:00:00:00:04"}});
    const auto all = completed({wanted}, text);
    EXPECT_EQ(all.fresh.at(0).at("nics").dump(),
              R"([{"name":"eth7","mac":"52:54:00:00:00:03"},{"name":"eth8","mac":"52:54:00:00:00:04"}])");
    EXPECT_TRUE(config::add_nodes(text, all.fresh));
}

// As replace puts them: the NIC that booted becomes the one that lies in the boot network.
TEST(Wanted, AMachinesBootNicBecomesTheOneOfTheBootNetworkAndSparePortsStayOut) {
    const std::string text = with("nodes:", R"(profiles:
  blade:
    nics:
      - {name: san0, address: "10.9.0.{id+20}/24"}
      - {name: lan0}
      - {name: lan1}
      - {name: bond0, address: "10.0.0.{id+20}/24", cluster: true, bond: {members: [lan0, lan1], mode: active-backup}}
    fence: [{agent: fence_ipmilan, options: {ip: "10.0.0.{id+100}"}}]
nodes:)");
    Wanted wanted{.keys = {{"name", "n3"}, {"profile", "blade"}}, .all_ports = true};
    for (int port = 3; port < 8; ++port)
        wanted.keys["nics"].push_back({{"mac", fmt::format("52:54:00:00:00:0{}", port)}});
    const auto all = completed({wanted}, text);
    EXPECT_EQ(all.fresh.at(0).at("nics").dump(),
              R"([{"name":"lan0","mac":"52:54:00:00:00:03"},{"name":"lan1","mac":"52:54:00:00:00:04"},)"
              R"({"name":"san0","mac":"52:54:00:00:00:05"}])");
}

TEST(Wanted, ANodeWithoutProfileGetsTheNicThatBooted) {
    Wanted wanted = node("n3");
    wanted.all_ports = true;
    wanted.keys["nics"].push_back({{"mac", "52:54:00:00:00:04"}});
    EXPECT_EQ(completed({wanted}).fresh.at(0).at("nics").dump(),
              R"([{"name":"lan0","mac":"52:54:00:00:00:03","address":"10.0.0.13/24"}])");
}

TEST(Wanted, WhatIsTakenIsRefusedWithItsOwner) {
    EXPECT_THAT(refusal({node("n3", "52:54:00:00:00:01")}), HasSubstr("MAC 52:54:00:00:00:01 is already that of n1"));
    Wanted wanted = node("n3");
    wanted.keys["id"] = 2;
    EXPECT_THAT(refusal({wanted}), HasSubstr("id 2 is already that of n2"));
    wanted = node("n3");
    wanted.keys["machine"]["uuid"] = "4C4C4544-0042-3510-8052-B4C04F4A3132";
    EXPECT_THAT(refusal({wanted}), HasSubstr("is already that of n2"));
    wanted = node("n3");
    wanted.address = "10.0.0.12";
    EXPECT_THAT(refusal({wanted}), HasSubstr("address 10.0.0.12 is already that of n2"));
    wanted = node("n3");
    wanted.keys["machine"]["serial"] = "To Be Filled By O.E.M.";
    EXPECT_THAT(refusal({wanted}), HasSubstr("serial 'To Be Filled By O.E.M.' is a placeholder"));
    EXPECT_THAT(refusal({node("n3"), node("n4")}), HasSubstr("is already that of n3"));
    EXPECT_THAT(refusal({node("n3"), node("n3", "52:54:00:00:00:04")}), HasSubstr("twice"));
}

TEST(Wanted, TheSameCommandGivenAgainFindsItsNodeThere) {
    Wanted wanted{.keys = {{"name", "n2"}, {"nics", NodeText::array({{{"mac", "52:54:00:00:00:02"}}})}}};
    const auto all = completed({wanted});
    EXPECT_TRUE(all.fresh.empty());
    EXPECT_THAT(all.already, ElementsAre("n2"));
    wanted.keys["nics"][0]["mac"] = "52:54:00:00:00:09";
    EXPECT_THAT(refusal({wanted}), HasSubstr("node n2 is there already, and it has no NIC with MAC"));
}

TEST(Import, ATableIsReadByItsColumns) {
    const auto all = parse_csv(
        "\xef\xbb\xbf# exported\r\nname, serial,mac,mac.lan1,id,fence.password,uuid\r\n"
        "n7,\"CZ \"\"7\"\", left\",D0:94:66:5A:10:07,d0:94:66:5a:10:17,,\"a,b\",\r\n\r\nn8,,,,9,,\r\n",
        "blades.csv");
    ASSERT_TRUE(all) << all.error().what;
    ASSERT_EQ(all->size(), 2U);
    EXPECT_EQ((*all)[0].origin, "blades.csv:3");
    EXPECT_EQ((*all)[0].keys.at("machine").at("serial"), "CZ \"7\", left");
    EXPECT_EQ((*all)[0].keys.at("nics").dump(),
              R"([{"mac":"d0:94:66:5a:10:07"},{"name":"lan1","mac":"d0:94:66:5a:10:17"}])");
    EXPECT_EQ((*all)[0].keys.at("fence")[0].at("options").at("password"), "a,b");
    EXPECT_EQ((*all)[1].keys.dump(), R"({"name":"n8","id":9})");
}

TEST(Import, ABadRowIsNamedWithItsColumn) {
    const auto says = [](const std::string& text) {
        const auto all = parse_csv(text, "b.csv");
        EXPECT_FALSE(all) << text;
        return all ? std::string() : all.error().what;
    };
    EXPECT_THAT(says("name,mac\nn1,52:54:00:00:00:01\nn2,52:54\n"), HasSubstr("b.csv:3: column mac: "));
    EXPECT_THAT(says("name,uuid\nn1,xyz\n"), HasSubstr("b.csv:2: column uuid: "));
    EXPECT_THAT(says("name,id\nn1,0\n"), HasSubstr("b.csv:2: column id: "));
    EXPECT_THAT(says("name,id\nn1,1025\n"), HasSubstr("b.csv:2: column id: "));
    EXPECT_THAT(says("name,id\nN_1,3\n"), HasSubstr("b.csv:2: column name: "));
    EXPECT_THAT(says("name,id\n,3\n"), HasSubstr("b.csv:2: column name: "));
    EXPECT_THAT(says("name,address\nn1,10.0.0\n"), HasSubstr("b.csv:2: column address: "));
    EXPECT_THAT(says("name,id\nn1\n"), HasSubstr("b.csv:2: 1 cells"));
    EXPECT_THAT(says("name,\"id\nn1,3\n"), HasSubstr("b.csv:1: a cell's quote"));
    EXPECT_THAT(says("name,sreial\nn1,3\n"), HasSubstr("no column \"sreial\""));
    EXPECT_THAT(says("serial\n3\n"), HasSubstr("no column name"));
    EXPECT_THAT(says("name\n"), HasSubstr("no node in it"));
}

TEST(Import, WhatIsTakenIsSaidWithItsRow) {
    const auto all = parse_csv("name,profile,mac\nn3,blade,52:54:00:00:00:03\nn4,blade,52:54:00:00:00:01\n", "b.csv");
    ASSERT_TRUE(all);
    const std::string text = with("nodes:", R"(profiles:
  blade:
    fence: [{agent: fence_ipmilan, options: {ip: "10.0.0.{id+100}"}}]
nodes:)");
    EXPECT_THAT(refusal(*all, text), testing::StartsWith("b.csv:3: node n4: the MAC"));
}

// What only the description as a whole can tell.
TEST(Import, ARowThatTheDescriptionDoesNotTakeIsNamedWhateverIsWrongWithIt) {
    const auto said = [](const std::string& rows) {
        const auto all = parse_csv("name,profile,mac,fence.ip\n" + rows, "b.csv");
        EXPECT_TRUE(all);
        return all ? refusal(*all, with("nodes:", R"(profiles:
  blade:
    nics: [{name: lan0, address: "10.0.0.{id+20}/24"}]
    fence: [{agent: fence_ipmilan, options: {username: admin}}]
nodes:)"))
                   : std::string();
    };
    const std::string good = "n3,blade,52:54:00:00:00:03,10.0.0.103\n";
    EXPECT_THAT(said(good + "n4,balde,52:54:00:00:00:04,10.0.0.104\n"), testing::StartsWith("b.csv:3: "));
    EXPECT_THAT(said(good + "n4,,52:54:00:00:00:04,\n"), testing::StartsWith("b.csv:3: "));
}

TEST(Import, YamlIsAsInTheDescription) {
    const std::string list =
        "- name: n3\n  id: 5\n  nics: [{name: lan0, mac: \"52:54:00:00:00:03\"}]\n  fence: "
        "[{agent: fence_apc, options: {ip: 10.0.0.99, port: 3}}]\n";
    for (const std::string& text : {list, "nodes:\n" + list}) {
        const auto all = parse_yaml(text, "n.yaml");
        ASSERT_TRUE(all) << all.error().what;
        const auto done = completed(*all);
        EXPECT_EQ(done.fresh.at(0).at("nics")[0].at("address"), "10.0.0.13/24");
        EXPECT_TRUE(config::add_nodes(sample, done.fresh));
    }
    EXPECT_FALSE(parse_yaml("- {id: 3}\n", "n.yaml"));
    EXPECT_FALSE(parse_yaml("name: n3\n", "n.yaml"));
}

}  // namespace
}  // namespace pando::test
