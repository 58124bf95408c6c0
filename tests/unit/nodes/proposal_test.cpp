// SPDX-License-Identifier: GPL-2.0-or-later
// A first cluster.yaml from what a host tells: right where all is known, and never against what a person wrote.
#include "nodes/proposal.h"

#include "hwdetect/inventory_json.h"
#include "tests/unit/config/sample.h"
#include "tests/unit/hwdetect/recorded_machine.h"

namespace pando::test {
namespace {

using namespace nodes;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

HostFacts boot_server() {
    HostFacts facts;
    facts.name = "boot1";
    facts.networks = {{.interface = "eno1", .address = "10.20.0.1/24", .gateway = "10.20.0.254"}};
    facts.luns = {{.device = "sdc",
                   .name = "mpatha",
                   .transport = "iscsi",
                   .identity = "naa.6001405b3c7f1e2d",
                   .size = 100ULL << 30U,
                   .target = "iqn.2026-01.org.example:root",
                   .portals = {"10.20.0.5:3260"},
                   .lun = 3}};
    return facts;
}

nlohmann::ordered_json machine(const char* name) {
    const auto inventory = hwdetect::read_inventory(RecordedMachine::from_file(name).root());
    EXPECT_TRUE(inventory) << inventory.error().what;
    return inventory ? hwdetect::as_json(*inventory) : nlohmann::ordered_json();
}

Wishes all_wishes() {
    return {.name = "grove",
            .bmc = "10.20.1.{id+10}",
            .fence_options = {{"username", "fence"}, {"password", "correct-horse"}},
            .nodes = {{"n1", machine("dell-r640")}, {"n2", machine("hpe-bl460c")}}};
}

Proposal proposed(const HostFacts& facts, const Wishes& wishes, const std::string& text = "") {
    auto proposal = propose(facts, wishes, text, "cluster.yaml");
    EXPECT_TRUE(proposal) << proposal.error().what;
    return proposal ? *proposal : Proposal{};
}

std::string refused(const HostFacts& facts, const Wishes& wishes, const std::string& text = "") {
    const auto proposal = propose(facts, wishes, text, "cluster.yaml");
    if (proposal) {
        ADD_FAILURE() << "taken:\n" << proposal->text;
        return {};
    }
    EXPECT_EQ(proposal.error().kind, ErrorKind::bad_input);
    EXPECT_FALSE(proposal.error().advice.empty());
    return proposal.error().what;
}

TEST(Proposal, IsARightDescriptionWhenAllIsKnown) {
    const auto proposal = proposed(boot_server(), all_wishes());
    const auto cluster = load(proposal.text);
    ASSERT_TRUE(cluster) << cluster.error().what << "\n" << proposal.text;
    EXPECT_EQ(cluster->name, "grove");
    EXPECT_EQ(cluster->boot.server, "10.20.0.1");
    EXPECT_EQ(cluster->boot.interface, "eno1");
    EXPECT_EQ(cluster->boot.subnet, "10.20.0.0/24");
    EXPECT_EQ(cluster->storage.identity, "naa.6001405b3c7f1e2d");
    EXPECT_EQ(cluster->storage.iscsi->lun, 3U);
    ASSERT_EQ(cluster->nodes.size(), 2U);
    const config::Node& n1 = cluster->nodes[0];
    EXPECT_EQ(n1.machine.uuid, "4c4c4544-0058-4b10-8032-b7c04f4d3933");
    EXPECT_EQ(n1.nics[0].mac, "24:6e:96:aa:00:01") << "the port it was booted by";
    EXPECT_EQ(n1.cluster_address(), "10.20.0.11");
    EXPECT_EQ(n1.nics[0].gateway, "10.20.0.254");
    EXPECT_EQ(n1.fence[0].options.at("ip"), "10.20.1.11");
    EXPECT_EQ(n1.fence[0].options.at("password"), "correct-horse");
    EXPECT_EQ(n1.fence[0].options.at("lanplus"), "1");
    EXPECT_FALSE(n1.drivers.empty());
    EXPECT_EQ(cluster->nodes[1].id, 2U);
    EXPECT_EQ(cluster->nodes[1].fence[0].options.at("ip"), "10.20.1.12");
}

TEST(Proposal, MadeAgainAddsNothing) {
    const auto first = proposed(boot_server(), all_wishes());
    EXPECT_EQ(proposed(boot_server(), all_wishes(), first.text).text, first.text);
}

TEST(Proposal, WhatNobodyKnowsIsNamedAndNotMadeUp) {
    const auto proposal = proposed({}, {});
    EXPECT_FALSE(load(proposal.text));
    for (const char* key : {"cluster.name", "storage", "boot", "nodes"})
        EXPECT_THAT(proposal.missing, Contains(StartsWith(key))) << key;
    Wishes wishes = all_wishes();
    wishes.nodes.push_back({"n3"});
    wishes.bmc.reset();
    const auto missing = proposed(boot_server(), wishes).missing;
    EXPECT_THAT(missing, Contains(HasSubstr("n3: its MAC is not known")));
    EXPECT_THAT(missing, Contains(HasSubstr("n1: the address of its BMC is not known")))
        << "169.254… is its host's alone";
}

TEST(Proposal, ADhcpServerThatIsThereMakesItAProxy) {
    HostFacts facts = boot_server();
    EXPECT_THAT(proposed(facts, all_wishes()).missing, Contains(HasSubstr("cannot be known from here")));
    facts.networks[0].dhcp_server = "10.20.0.253";
    facts.networks[0].dhcp_evidence = "lease in /var/lib/dhcp/dhclient.leases";
    const auto proposal = proposed(facts, all_wishes());
    EXPECT_EQ(load(proposal.text)->boot.dhcp, "proxy") << proposal.text;
    EXPECT_THAT(proposal.text, HasSubstr("# 10.20.0.253 gives the addresses there (lease in"));
    EXPECT_THAT(proposal.missing, Contains(HasSubstr("10.20.0.1 came from DHCP and must not change")));
    const auto pool = HasSubstr("outside of what the other DHCP server gives");
    EXPECT_THAT(proposal.missing, Contains(pool));
    const std::string address = load(proposal.text)->nodes[0].cluster_address();
    EXPECT_THAT(proposal.missing, Contains(HasSubstr("nics: " + address)));
    Wishes wishes = all_wishes();
    wishes.dhcp = "server";
    EXPECT_EQ(load(proposed(facts, wishes).text)->boot.dhcp, "server");
    EXPECT_THAT(proposed(facts, wishes).missing, testing::Not(Contains(pool)));
}

TEST(Proposal, SeveralNetworksOrLunsAreNotGuessedBetween) {
    HostFacts facts = boot_server();
    facts.networks.push_back({.interface = "eno2", .address = "10.30.0.1/24"});
    EXPECT_EQ(load(proposed(facts, all_wishes()).text)->boot.interface, "eno1") << "where the LUN is";
    facts.luns.push_back({.device = "sdd", .name = "sdd", .transport = "fc", .identity = "naa.6001", .size = 1});
    const auto proposal = proposed(facts, all_wishes());
    EXPECT_THAT(proposal.missing, Contains(HasSubstr("several LUNs could be the root: mpatha")));
    EXPECT_THAT(proposal.missing,
                Contains(HasSubstr("blades could boot in several networks: eno1 (10.20.0.0/24), eno2")));
    Wishes wishes = all_wishes();
    wishes.lun = "sdd";
    wishes.network = "10.30.0.0/24";
    const auto cluster = load(proposed(facts, wishes).text);
    ASSERT_TRUE(cluster) << cluster.error().what;
    EXPECT_EQ(cluster->storage.transport, "local");
    EXPECT_EQ(cluster->boot.interface, "eno2");
    wishes.network = "eth7";
    EXPECT_THAT(refused(facts, wishes), HasSubstr("no IPv4 network eth7"));
    wishes.network.reset();
    wishes.lun = "sdz";
    EXPECT_THAT(refused(facts, wishes), HasSubstr("no LUN sdz"));
}

TEST(Proposal, ALunInUseIsLeftAlone) {
    HostFacts facts = boot_server();
    facts.luns[0].used = "mounted at /srv";
    const auto proposal = proposed(facts, all_wishes());
    EXPECT_THAT(proposal.text, Not(HasSubstr("storage:")));
    EXPECT_THAT(proposal.found, Contains(HasSubstr("left alone: mounted at /srv")));
}

TEST(Proposal, WhatAPersonWroteStaysByteForByte) {
    const std::string written = R"(# ours
cluster: {name: grove}   # for good
boot:
    interface: eno1      # the blue cable
    http_port: 8080
nodes:
-   name: n2
    id: 7
    nics: [{name: blue, mac: "52:54:00:00:00:07", address: 10.20.0.11/24}]
)";
    const auto proposal = proposed(boot_server(), all_wishes(), written);
    size_t at = 0;
    for (size_t begin = 0; begin < written.size();) {
        const size_t end = written.find('\n', begin) + 1;
        at = proposal.text.find(written.substr(begin, end - begin), at);
        ASSERT_NE(at, std::string::npos) << written.substr(begin, end - begin) << "is gone from\n" << proposal.text;
        begin = end;
    }
    const auto cluster = load(proposal.text);
    ASSERT_TRUE(cluster) << cluster.error().what << "\n" << proposal.text;
    EXPECT_EQ(cluster->boot.http_port, 8080);
    EXPECT_EQ(cluster->boot.subnet, "10.20.0.0/24");
    ASSERT_EQ(cluster->nodes.size(), 2U);
    EXPECT_EQ(cluster->nodes[0].name, "n2");
    EXPECT_EQ(cluster->nodes[0].nics.size(), 1U);
    EXPECT_TRUE(cluster->nodes[0].machine.uuid || cluster->nodes[0].machine.serial) << "which it had not";
    EXPECT_EQ(cluster->nodes[1].id, 1U);
    EXPECT_NE(cluster->nodes[1].cluster_address(), "10.20.0.11") << "that is n2's";
}

TEST(Proposal, AnOptionAgainstTheFileIsRefused) {
    Wishes wishes = all_wishes();
    wishes.name = "forest";
    EXPECT_THAT(refused(boot_server(), wishes, sample), HasSubstr("cluster.name"));
    wishes = all_wishes();
    wishes.network = "eno1";
    EXPECT_THAT(refused(boot_server(), wishes, sample), HasSubstr("boot.interface"));
    wishes = all_wishes();
    wishes.dhcp = "proxy";
    EXPECT_THAT(refused(boot_server(), wishes, with("boot:", "boot:\n  dhcp: server")), HasSubstr("boot.dhcp"));
}

TEST(Proposal, ARightFileGetsNothing) {
    HostFacts facts = boot_server();
    facts.networks = {{.interface = "eth0", .address = "10.0.0.1/24"}};
    EXPECT_EQ(proposed(facts, {}, sample).text, sample);
    facts.networks[0].dhcp_server = "10.0.0.2";
    facts.keys = {"ssh-ed25519 AAAA"};
    const auto proposal = proposed(facts, {}, sample);
    EXPECT_EQ(proposal.text, sample) << "what is at work is not changed by a look";
    EXPECT_THAT(proposal.missing, Contains(HasSubstr("10.0.0.2 gives addresses in eth0")));
}

TEST(Proposal, AHostThatBecomesANodeIsNotTheBootServer) {
    HostFacts facts = boot_server();
    facts.bmc_address = "10.20.1.77";
    facts.machine = machine("dell-r640");
    const auto proposal = proposed(facts, {.name = "grove", .nodes = {{"n1", facts.machine, true}}});
    EXPECT_THAT(proposal.text, Not(HasSubstr("server:")));
    EXPECT_THAT(proposal.text, HasSubstr("ip: 10.20.1.77"));
    EXPECT_THAT(proposal.missing, Contains(StartsWith("boot.server, boot.interface")));
    EXPECT_THAT(proposal.missing, Contains(StartsWith("fence: who may log in")));
}

TEST(Proposal, TakesAnyInventory) {
    for (const char* text : {"{\"nics\": 7}", "{\"nics\": [1, {\"mac\": 9}, {\"mac\": \"x\"}], \"system\": []}",
                             R"({"nics": [], "system": {"uuid": "00000000-0000-0000-0000-000000000000"},
                                "placeholders": ["system.uuid"], "boot_devices": {}, "controllers": [[]], "bmc": "x"})"}) {
        Wishes wishes = all_wishes();
        wishes.nodes = {{"n1", nlohmann::ordered_json::parse(text)}};
        const auto proposal = proposed(boot_server(), wishes);
        EXPECT_THAT(proposal.text, Not(HasSubstr("machine:"))) << text;
        EXPECT_THAT(proposal.missing, Contains(HasSubstr("n1: its MAC is not known"))) << text;
    }
}

TEST(Proposal, RefusesAFileItCannotRead) {
    EXPECT_THAT(refused(boot_server(), all_wishes(), "nodes: [\n"), HasSubstr("cluster.yaml:"));
    EXPECT_THAT(refused(boot_server(), all_wishes(), "nodes:\n"), HasSubstr("nodes: is empty"));
    EXPECT_THAT(refused(boot_server(), all_wishes(), "{cluster: {name: grove}}\n"), HasSubstr("cluster.yaml"));
    Wishes wishes = all_wishes();
    wishes.bmc = "10.20.1.5";
    EXPECT_THAT(refused(boot_server(), wishes), HasSubstr("cannot be the BMC of 2 nodes"));
}

}  // namespace
}  // namespace pando::test
