// SPDX-License-Identifier: GPL-2.0-or-later
// A cluster.conf becomes a cluster.yaml, and whatever does not is named with its line.
#include "nodes/cluster_conf.h"

#include "base/file.h"
#include "config/load.h"
#include "nodes/xml_tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pando::test {
namespace {

using namespace nodes;
using testing::HasSubstr;
using testing::Not;

std::string file_of(const char* name) {
    const auto text = read_file(std::filesystem::path(TEST_DATA) / "cluster-conf" / name);
    EXPECT_TRUE(text) << text.error().what;
    return text.value_or("");
}

std::string remarks_of(const Translation& made) {
    std::string all;
    for (const Remark& remark : made.remarks) all += fmt::format("{}: {}\n", remark.line, remark.what);
    return all;
}

Translation translated(const std::string& text) {
    auto made = translate_cluster_conf(text, "cluster.conf");
    EXPECT_TRUE(made) << made.error().what;
    return made ? *made : Translation{};
}

std::string refused(const std::string& text) {
    const auto made = translate_cluster_conf(text, "cluster.conf");
    if (made) {
        ADD_FAILURE() << "taken:\n" << made->yaml;
        return {};
    }
    EXPECT_EQ(made.error().kind, ErrorKind::bad_input);
    EXPECT_FALSE(made.error().advice.empty());
    return made.error().what;
}

// A cluster of one node, with `more` in its com_info.
std::string one_node(const std::string& more) {
    return "<cluster name=\"grove\" config_version=\"1\"><clusternodes><clusternode name=\"n1\" "
           "nodeid=\"1\"><com_info>" +
           more + "</com_info></clusternode></clusternodes></cluster>";
}

// What cluster.conf cannot know, behind what was made of it.
const std::string rest = R"(
storage: {transport: local}
boot: {server: 10.0.0.150, interface: eth0, subnet: 10.0.0.0/24}
)";

TEST(ClusterConf, IsTranslatedIntoARightDescription) {
    const auto made = translated(file_of("two-nodes.conf"));
    const auto cluster = config::load_text(made.yaml + rest, "cluster.yaml");
    ASSERT_TRUE(cluster) << cluster.error().what << "\n" << made.yaml;
    EXPECT_EQ(cluster->name, "grove");
    EXPECT_EQ(cluster->corosync.token, std::chrono::seconds(10));
    EXPECT_EQ(cluster->dlm.post_join_delay, std::chrono::seconds(20));
    EXPECT_EQ(cluster->root.mount_options, "noatime,nodiratime,quota=off");

    ASSERT_EQ(cluster->nodes.size(), 2U);
    const config::Node& first = cluster->nodes[0];
    EXPECT_EQ(first.name, "gfs-node2");
    EXPECT_EQ(first.id, 2U);
    EXPECT_EQ(first.cluster_address(), "10.0.0.2");
    EXPECT_EQ(first.nics[0].mac, "00:0c:29:3c:16:07");
    EXPECT_EQ(first.drivers, std::vector<std::string>{"e1000"});
    ASSERT_EQ(first.fence.size(), 1U) << "who asks a person fences nobody";
    EXPECT_EQ(first.fence[0].agent, "fence_ipmilan");
    EXPECT_EQ(first.fence[0].options,
              (std::map<std::string, std::string>{
                  {"ip", "10.0.1.2"}, {"username", "admin"}, {"password", "secret&more"}, {"lanplus", "1"}}));

    const config::Node& second = cluster->nodes[1];
    EXPECT_EQ(second.id, 1U) << "the first that nobody has";
    EXPECT_EQ(second.chroot_path, "LABEL=chroot:/pando");
    const config::Nic* bond = second.find_nic("bond0");
    ASSERT_TRUE(bond != nullptr && bond->bond);
    EXPECT_EQ(bond->bond->mode, "802.3ad");
    EXPECT_EQ(bond->bond->lacp_rate, "fast");
    EXPECT_EQ(bond->bond->members, (std::vector<std::string>{"eth0", "eth1"}));
    EXPECT_EQ(bond->mtu, 9000U);
    EXPECT_EQ(bond->gateway, "10.0.0.1");
    EXPECT_TRUE(bond->cluster);
    EXPECT_EQ(second.find_nic("eth0")->mac, "00:0c:29:93:1a:47");
    const config::Nic* vlan = second.find_nic("bond0.45");
    ASSERT_TRUE(vlan != nullptr && vlan->vlan);
    EXPECT_EQ(vlan->vlan->link, "bond0");
    EXPECT_EQ(vlan->vlan->id, 45);
    ASSERT_EQ(second.fence.size(), 2U);
    EXPECT_EQ(second.fence[0].options.at("port"), "3");
    EXPECT_EQ(second.fence[0].options.at("action"), "off");
    EXPECT_EQ(second.fence[1].agent, "fence_scsi");
    EXPECT_TRUE(second.fence[1].unfence);
}

TEST(ClusterConf, NamesWithItsLineWhatItDoesNotTakeOver) {
    const std::string said = remarks_of(translated(file_of("two-nodes.conf")));
    for (const char* expected :
         {"6: clean_start", "8: node Gfs_Node2.example.org is called gfs-node2", "10: gfs-node2: syslog to loghost",
          "11: gfs-node2: rootvolume /dev/VG_ROOT/LV_ROOT", "11: gfs-node2: the root was gfs",
          "11: gfs-node2: mount option spectator", "13: gfs-node2: fenceackserver",
          "14: gfs-node2: scsi failover driver", "18: gfs-node2: fence_manual asks a person", "21: gfs-node3: nodeid",
          "21: gfs-node3: votes=\"3\"", "24: gfs-node3: bond0: its MAC",
          "26: gfs-node3: bond0: bonding option xmit_hash_policy=1", "34: gfs-node3: /var is bound",
          "35: <teleport> is not understood", "39: gfs-node3: method both supplies needs 2 devices at once",
          "41: gfs-node3: there is no <fencedevice name=\"nobody\">", "51: fence device unused is used by no node",
          "53: <rm>"})
        EXPECT_THAT(said, HasSubstr(expected));
}

// Of the part before the first dot only, in lower case: both are host names.
TEST(ClusterConf, TwoNodesThatWouldHaveOneNameGetTwoRightOnes) {
    const auto made = translated(
        "<cluster name=\"grove\" config_version=\"1\"><clusternodes><clusternode name=\"Gfs_Node.one.org\" "
        "nodeid=\"1\"/><clusternode name=\"Gfs_Node.two.org\" nodeid=\"2\"/></clusternodes></cluster>");
    EXPECT_THAT(made.yaml, HasSubstr("name: gfs-node\n"));
    EXPECT_THAT(made.yaml, HasSubstr("name: gfs-node-2\n"));
}

TEST(ClusterConf, NoPasswordGetsIntoAMessage) {
    const auto made = translated(file_of("two-nodes.conf"));
    EXPECT_THAT(remarks_of(made), Not(HasSubstr("nobody-shall-see-this")));
    EXPECT_THAT(remarks_of(made), Not(HasSubstr("secret")));
    EXPECT_THAT(made.yaml, Not(HasSubstr("nobody-shall-see-this")));
}

// Every attribute and element that is put somewhere is in the result or in a remark.
TEST(ClusterConf, NothingUnknownIsDroppedInSilence) {
    const std::vector<std::pair<std::string, std::string>> places = {
        {"<cluster ", "<cluster new-thing=\"1\" "},
        {"<cman ", "<cman new-thing=\"1\" "},
        {"<totem ", "<totem new-thing=\"1\" "},
        {"<fence_daemon ", "<fence_daemon new-thing=\"1\" "},
        {"<clusternodes>", "<clusternodes new-thing=\"1\">"},
        {"<clusternode ", "<clusternode new-thing=\"1\" "},
        {"<com_info>", "<com_info new-thing=\"1\">"},
        {"<com_info>", "<com_info><new-thing/>"},
        {"<com_info>", "<com_info>new-thing "},
        {"<rootvolume ", "<rootvolume new-thing=\"1\" "},
        {"<eth ", "<eth new-thing=\"1\" "},
        {"<chrootenv ", "<chrootenv new-thing=\"1\" "},
        {"<fence>", "<fence new-thing=\"1\">"},
        {"<method ", "<method new-thing=\"1\" "},
        {"<fencedevices>", "<fencedevices><new-thing/>"},
        {"<clusternodes>", "<clusternodes><new-thing/>"},
        {"<properties>", "<properties><new-thing/>"},
        {"name=\"MTU\"", "name=\"NEW-THING\""}};
    for (const auto& [old, fresh] : places) {
        std::string text = file_of("two-nodes.conf");
        const size_t at = text.find(old);
        ASSERT_NE(at, std::string::npos) << old;
        const auto made = translated(text.replace(at, old.size(), fresh));
        std::string all = made.yaml + remarks_of(made);
        std::transform(all.begin(), all.end(), all.begin(), [](unsigned char c) { return std::tolower(c); });
        if (fresh.find("<com_info>new-thing") != std::string::npos)
            EXPECT_THAT(all, HasSubstr("the text in <com_info>"));
        else
            EXPECT_THAT(all, HasSubstr("new-thing")) << fresh;
    }
}

TEST(ClusterConf, TakesDhcpBridgesAndBondsWithoutAWord) {
    const auto made = translated(one_node(R"(<eth name="br0" type="bridge" ip="10.0.0.5" mask="255.255.255.0"/>
        <eth name="eth0" mac="52:54:00:00:00:01" bridge="br0"/><eth name="eth1" mac="52:54:00:00:00:02" ip="dhcp"/>
        <eth name="eth2" mac="52:54:00:00:00:03" master="bond7" slave="yes"/>)"));
    EXPECT_THAT(made.yaml, HasSubstr("members: [eth0]"));
    EXPECT_THAT(made.yaml, HasSubstr("dhcp: true"));
    EXPECT_THAT(made.yaml, HasSubstr("mode: active-backup"));
    EXPECT_THAT(remarks_of(made), HasSubstr("bond7: how the bond shares its links"));
}

TEST(ClusterConf, NamesWhatIsNoAddressMaskOrMac) {
    const std::string said = remarks_of(translated(one_node(
        R"(<eth name="eth0" mac="00:0C:29:3B:XX:XX" ip="10.0.0.1" mask="255.0.255.0"/><eth ip="10.0.0.9"/>
           <eth name="eth0"/><eth name="eth1" gateway="10.0.0.1"/>)")));
    EXPECT_THAT(said, HasSubstr("\"00:0C:29:3B:XX:XX\" is no MAC"));
    EXPECT_THAT(said, HasSubstr("10.0.0.1 with mask \"255.0.255.0\""));
    EXPECT_THAT(said, HasSubstr("without a name"));
    EXPECT_THAT(said, HasSubstr("a second <eth name=\"eth0\">"));
    EXPECT_THAT(said, HasSubstr("gateway 10.0.0.1 without an address"));
}

TEST(ClusterConf, ReadsTheEncodingThatTheFileNames) {
    const auto made = translated(
        "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><cluster name=\"g\"><clusternodes>"
        "<clusternode name=\"n1\" nodeid=\"1\"><com_info><syslog name=\"m\xfcller\"/></com_info>"
        "</clusternode></clusternodes></cluster>");
    EXPECT_THAT(remarks_of(made), HasSubstr("m\xc3\xbcller"));
}

TEST(ClusterConf, RefusesWhatIsNoXmlWithThePlace) {
    EXPECT_THAT(refused("<cluster name=\"a\">\n  <clusternodes>\n"), HasSubstr("cluster.conf:"));
    EXPECT_THAT(refused("<cluster>\n<a>\n</b></cluster>"), HasSubstr("cluster.conf:3:"));
    EXPECT_THAT(refused(""), HasSubstr("cluster.conf:1:1"));
    EXPECT_THAT(refused("totem { version: 2 }\n"), HasSubstr("cluster.conf:1:"));
    EXPECT_THAT(refused("<cluster name=\"\xff\xfe\"/>"), HasSubstr("cluster.conf:1:"));
    EXPECT_THAT(refused(std::string("<cluster name=\"a\0b\"/>", 21)), HasSubstr("cluster.conf:1:"));
    EXPECT_THAT(refused("<html/>"), HasSubstr("<html> is no cluster.conf"));
    EXPECT_THAT(refused("<cluster name=\"a\" name=\"b\"/>"), HasSubstr("cluster.conf:1:"));
}

TEST(ClusterConf, ExpandsNoEntityAndFetchesNothing) {
    std::string laughs = "<?xml version=\"1.0\"?><!DOCTYPE cluster [<!ENTITY a0 \"ha\">";
    for (int i = 1; i < 12; ++i) {
        laughs += fmt::format("<!ENTITY a{} \"", i);
        for (int j = 0; j < 10; ++j) laughs += fmt::format("&a{};", i - 1);
        laughs += "\">";
    }
    EXPECT_THAT(refused(laughs + "]><cluster name=\"&a11;\"><rm>&a11;</rm></cluster>"), HasSubstr("declares entities"));
    EXPECT_THAT(refused("<!DOCTYPE c [<!ENTITY x SYSTEM \"file:///etc/shadow\">]><cluster name=\"&x;\"/>"),
                HasSubstr("declares entities"));
    EXPECT_THAT(refused("<!DOCTYPE c [<!ENTITY % x SYSTEM \"http://127.0.0.1:1/\"> %x;]><cluster/>"),
                HasSubstr("declares entities"));
    // One that is declared nowhere.
    EXPECT_THAT(refused("<cluster name=\"&nobody;\"/>"), HasSubstr("cluster.conf:1:"));
}

TEST(ClusterConf, RefusesWhatIsTooLargeOrTooDeep) {
    EXPECT_THAT(refused("<cluster>" + std::string(xml_limit, ' ') + "</cluster>"), HasSubstr("more than"));
    std::string deep;
    for (int i = 0; i < 100; ++i) deep += "<a>";
    for (int i = 0; i < 100; ++i) deep += "</a>";
    EXPECT_THAT(refused("<cluster>" + deep + "</cluster>"), HasSubstr("deep"));
    std::string deeper;
    for (int i = 0; i < 50000; ++i) deeper += "<a>";
    refused("<cluster>" + deeper);
}

TEST(ClusterConf, HostileValuesStayText) {
    const auto made = translated(
        "<cluster name=\"a: {b}&#10;x: y\"><clusternodes><clusternode name=\"n1\" nodeid=\"99999999999\">"
        "</clusternode></clusternodes></cluster>");
    const auto cluster = config::load_text(made.yaml, "cluster.yaml");
    ASSERT_FALSE(cluster);
    EXPECT_THAT(cluster.error().what, Not(HasSubstr("unknown key \"x\"")));
    EXPECT_THAT(remarks_of(made), HasSubstr("nodeid \"99999999999\" is none; it gets 1"));
}

}  // namespace
}  // namespace pando::test
