// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/load.h"

#include "config/show.h"
#include "tests/unit/config/golden.h"
#include "tests/unit/config/sample.h"

#include <chrono>

namespace pando::test {
namespace {

using namespace config;
using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

TEST(Load, FillsInDefaults) {
    const auto cluster = load(sample);
    ASSERT_TRUE(cluster) << cluster.error().what;
    EXPECT_EQ(cluster->corosync.token, 3s);
    EXPECT_EQ(cluster->dlm.post_join_delay, 30s);
    EXPECT_EQ(cluster->chroot.size, 128U << 20U);
    EXPECT_EQ(cluster->lock_table(), "grove:root");
    EXPECT_EQ(cluster->journals(), 2U);
    EXPECT_EQ(cluster->authkey_file, "authkey");
    EXPECT_THAT(cluster->boot.kernel_arguments, testing::ElementsAre("console=tty0", "console=ttyS0,115200"));
    EXPECT_THAT(cluster->storage.iscsi->portals, testing::ElementsAre("10.0.0.1:3260"));
}

TEST(Load, ANodesOnlyNicIsTheClusters) {
    const auto cluster = load(sample);
    ASSERT_TRUE(cluster) << cluster.error().what;
    EXPECT_EQ(cluster->nodes[0].cluster_address(), "10.0.0.11");
}

TEST(Load, AFenceDeviceWithoutNameIsCalledAfterNodeAndAgent) {
    const auto cluster = load(with("- {agent: fence_ipmilan, options: {ip: 10.0.0.101}}",
                                   "[{agent: fence_ipmilan}, {agent: fence_ipmilan}, {agent: fence_apc}]"));
    ASSERT_TRUE(cluster) << cluster.error().what;
    EXPECT_EQ(cluster->nodes[0].fence[0].name, "n1-ipmilan");
    EXPECT_EQ(cluster->nodes[0].fence[1].name, "n1-ipmilan-2");
    EXPECT_EQ(cluster->nodes[0].fence[2].name, "n1-apc");
}

TEST(Load, TheExampleIsAcceptedAndResolvesAsRecorded) {
    const auto cluster = load_file(example_file());
    ASSERT_TRUE(cluster) << cluster.error().what;
    expect_golden("example.resolved.yaml", show_yaml(*cluster));
}

TEST(Load, WhatIsShownMeansTheSameWhenLoadedAgain) {
    for (const auto& file : {example_file(), cluster_data("everything.yaml")}) {
        const auto cluster = load_file(file);
        ASSERT_TRUE(cluster) << cluster.error().what;
        const auto again = load(show_yaml(*cluster));
        ASSERT_TRUE(again) << again.error().what << show_yaml(*cluster);
        EXPECT_EQ(show_json(*again).dump(1), show_json(*cluster).dump(1));
    }
}

TEST(Load, AFileThatIsNotThereIsTheUsersToMend) {
    const auto cluster = load_file("/nowhere/cluster.yaml");
    ASSERT_FALSE(cluster);
    EXPECT_EQ(cluster.error().kind, ErrorKind::bad_input);
    EXPECT_THAT(cluster.error().what, HasSubstr("/nowhere/cluster.yaml"));
    EXPECT_FALSE(cluster.error().advice.empty());
}

// --- profiles ------------------------------------------------------------------------------------------------------

const std::string profiled = with("nodes:", R"(profiles:
  blade:
    nics:
      - {name: lan0, mtu: 9000, address: "10.0.0.{id+10}/24"}
      - {name: san0, mac: "52:54:00:00:01:0{id}", address: "10.1.0.{id}/24"}
    fence:
      - {agent: fence_ipmilan, options: {ip: "10.2.0.{id}", username: "{name}-bmc"}}
    drivers: [tg3]
    kernel_arguments: [quiet]
nodes:
  - name: n3
    id: 3
    profile: blade
    nics:
      - {name: lan0, mac: "52:54:00:00:00:03", cluster: true}
    drivers: [mlx5_core]
    kernel_arguments: [debug])");

TEST(Profile, GivesDefaultsWithTheNodesNameAndId) {
    const auto cluster = load(profiled);
    ASSERT_TRUE(cluster) << cluster.error().what;
    const Node& node = *cluster->find_node("n3");
    ASSERT_EQ(node.nics.size(), 2U);
    EXPECT_THAT(node.nics[0].addresses, testing::ElementsAre("10.0.0.13/24"));
    EXPECT_EQ(node.nics[0].mtu, 9000U);
    EXPECT_EQ(node.nics[0].mac, "52:54:00:00:00:03");
    EXPECT_EQ(node.nics[1].mac, "52:54:00:00:01:03");
    EXPECT_EQ(node.fence[0].name, "n3-ipmilan");
    EXPECT_EQ(node.fence[0].options.at("ip"), "10.2.0.3");
    EXPECT_EQ(node.fence[0].options.at("username"), "n3-bmc");
    EXPECT_THAT(node.drivers, testing::ElementsAre("tg3", "mlx5_core"));
    EXPECT_THAT(node.kernel_arguments, testing::ElementsAre("quiet", "debug"));
}

TEST(Profile, SaysWhereTheChrootIsKeptUnlessTheNodeDoes) {
    const std::string text = with("drivers: [tg3]", "chroot_path: \"LABEL=chroot-{name}\"", profiled);
    const auto cluster = load(text);
    ASSERT_TRUE(cluster) << cluster.error().what;
    EXPECT_EQ(cluster->chroot_place(*cluster->find_node("n3")).name(), "LABEL=chroot-n3");
    const auto own = load(with("drivers: [mlx5_core]", "chroot_path: tmpfs", text));
    ASSERT_TRUE(own) << own.error().what;
    EXPECT_EQ(own->chroot_place(*own->find_node("n3")).kind, ChrootPlace::Kind::memory);
    EXPECT_EQ(own->chroot_place(own->nodes.front()).text(), own->chroot.path);
}

TEST(Profile, GivesAWatchdogKeyByKeyAndTheClusterTheRest) {
    const std::string text = with("boot:", "watchdog: {mode: required, device: iTCO_wdt, shutdown: 5m}\nboot:",
                                  with("drivers: [tg3]", "watchdog: {device: hpwdt, timeout: 60s}", profiled));
    const auto cluster = load(text);
    ASSERT_TRUE(cluster) << cluster.error().what;
    const auto of_profile = cluster->watchdog_of(*cluster->find_node("n3"));
    EXPECT_EQ(of_profile.mode, "required");
    EXPECT_EQ(of_profile.timeout, std::chrono::seconds(60));
    EXPECT_EQ(of_profile.device, "hpwdt");
    EXPECT_EQ(of_profile.shutdown, std::chrono::minutes(5));
    const auto other = cluster->watchdog_of(*cluster->find_node("n1"));
    EXPECT_EQ(other.device, "iTCO_wdt");
    EXPECT_EQ(other.timeout, std::chrono::seconds(30));

    const auto own = load(with("drivers: [mlx5_core]", "watchdog: {mode: softdog, timeout: 90s}", text));
    ASSERT_TRUE(own) << own.error().what;
    const auto of_node = own->watchdog_of(*own->find_node("n3"));
    EXPECT_EQ(of_node.mode, "softdog");
    EXPECT_EQ(of_node.timeout, std::chrono::seconds(90));
    EXPECT_EQ(of_node.device, "hpwdt");
}

TEST(Watchdog, OfANodeMayBeSlowerThanTheClusterAndNoneQuickerThanCorosync) {
    // The cluster's own is for those that say nothing else.
    EXPECT_TRUE(load(with("boot:", "watchdog: {timeout: 3s}\nboot:",
                          with("    id: 1", "    id: 1\n    watchdog: {timeout: 30s}",
                               with("    id: 2", "    id: 2\n    watchdog: {mode: off}", sample)))));
    const auto said = complaints(with("    id: 2", "    id: 2\n    watchdog: {timeout: 3s}", sample));
    EXPECT_THAT(said, testing::AllOf(HasSubstr("corosync's token"), HasSubstr("watchdog: {timeout: 3s}")));
}

TEST(Profile, TheNodesOwnFenceOptionsWin) {
    const auto cluster = load(with("drivers: [mlx5_core]", "fence: [{options: {ip: 10.2.0.77}}]", profiled));
    ASSERT_TRUE(cluster) << cluster.error().what;
    const FenceDevice& device = cluster->find_node("n3")->fence.at(0);
    EXPECT_EQ(device.options.at("ip"), "10.2.0.77");
    EXPECT_EQ(device.options.at("username"), "n3-bmc");
}

TEST(Profile, AnotherAgentTakesNoneOfTheProfilesOptions) {
    const auto cluster =
        load(with("drivers: [mlx5_core]", "fence: [{agent: fence_apc, options: {port: 3}}]", profiled));
    ASSERT_TRUE(cluster) << cluster.error().what;
    const Node& node = *cluster->find_node("n3");
    ASSERT_EQ(node.fence.size(), 1U);
    EXPECT_EQ(node.fence[0].agent, "fence_apc");
    EXPECT_EQ(node.fence[0].name, "n3-apc");
    EXPECT_FALSE(node.fence[0].options.contains("username"));
}

TEST(Profile, ADeviceOfAnotherNameIsTriedAfterTheProfiles) {
    const auto cluster = load(with("drivers: [mlx5_core]", "fence: [{name: pdu, agent: fence_apc}]", profiled));
    ASSERT_TRUE(cluster) << cluster.error().what;
    const Node& node = *cluster->find_node("n3");
    ASSERT_EQ(node.fence.size(), 2U);
    EXPECT_EQ(node.fence[1].name, "pdu");
}

TEST(Profile, AMistakeInItIsShownThereAndOnce) {
    const std::string text = with("tg3", "\"no module\"", profiled);
    const std::string said = complaints(text);
    EXPECT_EQ(count_of(said, "no kernel module"), 1U) << said;
    EXPECT_THAT(said, HasSubstr("drivers: [\"no module\"]"));
}

TEST(Profile, IsCheckedThoughNoNodeUsesIt) {
    EXPECT_THAT(complaints(with("nodes:", "profiles: {spare: {nics: [{name: lan0, mtu: 1}]}}\nnodes:")),
                HasSubstr("not a whole number from 576"));
}

TEST(Profile, UnknownOnesAndUnknownKeysAndPlaceholdersAreRefused) {
    EXPECT_THAT(complaints(with("profile: blade", "profile: blaed", profiled)), HasSubstr("did you mean \"blade\"?"));
    EXPECT_THAT(complaints(with("drivers: [tg3]", "driver: [tg3]", profiled)), HasSubstr("did you mean \"drivers\"?"));
    EXPECT_THAT(complaints(with("{name}-bmc", "{nmae}-bmc", profiled)), HasSubstr("unknown placeholder {nmae}"));
}

// --- bad input: what is written wrongly ----------------------------------------------------------------------------

TEST(BadYaml, EmptyTextsAreCalledEmpty) {
    for (const char* text : {"", "\n\n", "# nothing\n", "---\n", "~\n"})
        EXPECT_THAT(complaints(text), HasSubstr("the file is empty")) << text;
}

TEST(BadYaml, BrokenSyntaxIsShownWithItsLine) {
    const std::string said = complaints(with("  name: grove", "  name: [grove"));
    EXPECT_THAT(said, HasSubstr("not valid YAML"));
    EXPECT_THAT(said, HasSubstr("\n    "));
    for (const char* text : {"cluster: {name: a", "a: \"open", "\tname: a", "a: b: c", "- a\nb: c", "%BAD", "@"})
        complaints(text);
}

TEST(BadYaml, OverLongFilesAreRefusedUnread) {
    const auto start = std::chrono::steady_clock::now();
    EXPECT_THAT(complaints(std::string(cluster_file_limit + 1, 'a')), HasSubstr("the limit is"));
    EXPECT_LT(std::chrono::steady_clock::now() - start, 1s);
}

TEST(BadYaml, DeepNestingIsRefused) {
    EXPECT_THAT(complaints("a: " + std::string(100'000, '[') + std::string(100'000, ']')), HasSubstr("deep"));
    complaints("a: " + std::string(100'000, '['));
    std::string mappings;
    for (int i = 0; i < 40; ++i) mappings += std::string(static_cast<size_t>(i), ' ') + "a:\n";
    EXPECT_THAT(complaints(mappings), HasSubstr("deep"));
}

TEST(BadYaml, AliasesAreRefusedSoNothingExpands) {
    std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 30; ++i)
        bomb += fmt::format("a{0}: &a{0} [*a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}]\n", i, i - 1);
    EXPECT_THAT(complaints(bomb), HasSubstr("aliases"));
}

TEST(BadYaml, TooManyValuesAreRefused) {
    std::string text = "a:\n";
    for (int i = 0; i < 260'000; ++i) text += "- x\n";  // within 1 MiB, the bound of a file
    EXPECT_THAT(complaints(text), HasSubstr("values"));
}

TEST(BadYaml, DuplicateKeysTagsNulAndSecondDocumentsAreRefused) {
    EXPECT_THAT(complaints(with("  name: grove", "  name: grove\n  name: copse")), HasSubstr("given twice"));
    EXPECT_THAT(complaints(with("name: grove", "name: !!str grove")), HasSubstr("tags"));
    EXPECT_THAT(complaints(sample + std::string(1, '\0')), HasSubstr("NUL"));
    EXPECT_THAT(complaints(sample + "---\na: b\n"), HasSubstr("second YAML document"));
    EXPECT_THAT(complaints("{[a]: b}"), HasSubstr("plain word"));
}

TEST(BadYaml, WrongShapesAreSaidNotCrashedOn) {
    for (const char* text : {"a", "[a]", "nodes: 1", "nodes: [1]", "nodes: [[]]", "cluster: [a]", "profiles: [a]",
                             "profiles: {a: 1}", "nodes: {a: b}", "nodes: [{fence: 1, nics: {a: b}}]",
                             "nodes: [{profile: [x]}]", "nodes: [{nics: [1], fence: [[]]}]", "boot: {stages: 1}"})
        complaints(text);
}

TEST(Complaint, HasLineColumnCaretAndAdvice) {
    const std::string said = complaints(with("  name: grove", "  nmae: grove"));
    EXPECT_THAT(said, HasSubstr("cluster.yaml:2:3: unknown key \"nmae\"\n      nmae: grove\n      ^\n"
                                "  advice: did you mean \"name\"?"));
}

TEST(Complaint, ColumnsCountCharactersAndTheCaretStandsUnderThePlace) {
    const std::string two = "\xc3\xbc\xc3\xa4";           // two characters, four bytes, two columns
    const std::string wide = "\xe6\xbc\xa2\xe5\xad\x97";  // two characters, six bytes, four columns
    const std::string none = "e\xcc\x81";                 // a letter with an accent of its own: one column
    EXPECT_THAT(complaints(with("  name: grove", "  {\"" + two + "\": 1}")), HasSubstr(":2:4: unknown key"));
    const auto line = [](const std::string& text) {
        return "access: {authorized_keys: [], \"" + text + "\": 1, b: 2}\n";
    };
    const auto said = [&](const std::string& text) { return complaints(line(text) + sample); };
    EXPECT_THAT(said(two), HasSubstr("cluster.yaml:1:40: unknown key \"b\"\n    " + line(two) + "    " +
                                     std::string(39, ' ') + "^"));
    EXPECT_THAT(said(wide), HasSubstr("cluster.yaml:1:40: unknown key \"b\"\n    " + line(wide) + "    " +
                                      std::string(41, ' ') + "^"));
    EXPECT_THAT(said(none), HasSubstr("cluster.yaml:1:40: unknown key \"b\"\n    " + line(none) + "    " +
                                      std::string(38, ' ') + "^"));
    EXPECT_THAT(complaints("\xef\xbb\xbfnmae: 1\n" + sample),
                HasSubstr("cluster.yaml:1:1: unknown key \"nmae\"\n    nmae: 1\n    ^"));
    EXPECT_THAT(
        complaints("access: {\tb: 2}\n" + sample),
        HasSubstr("cluster.yaml:1:11: unknown key \"b\"\n    access: { b: 2}\n    " + std::string(10, ' ') + "^"));
    // A long line of them is cut between two characters.
    std::string keys;
    for (int i = 0; i < 60; ++i) keys += "\xc3\xa4";
    EXPECT_THAT(said(keys), HasSubstr("^"));
}

TEST(Complaint, AllMistakesOfAFileAreSaidAtOnce) {
    std::string text = with("id: 1", "id: 0");
    text = with("interface: eth0", "interfase: eth0", text);
    text = with("10.0.0.12/24", "10.0.0.1222/24", text);
    const std::string said = complaints(text);
    EXPECT_THAT(said, HasSubstr("\"0\" is not a whole number"));
    EXPECT_THAT(said, HasSubstr("did you mean \"interface\"?"));
    EXPECT_THAT(said, HasSubstr("10.0.0.1222/24"));
}

TEST(Complaint, TheyComeInTheFilesOrder) {
    const std::string said = complaints(with("subnet: 10.0.0.0/24", "subnet: x", with("id: 2", "id: 0")));
    EXPECT_LT(said.find("cluster.yaml:11:"), said.find("cluster.yaml:21:")) << said;
}

TEST(Complaint, AMistakeInAProfileDoesNotMakeItsNodesIncomplete) {
    const std::string said = complaints(with("kernel_arguments: [quiet]", "kernel_argument: [quiet]", profiled));
    EXPECT_EQ(count_of(said, "advice:"), 1U) << said;
}

TEST(Complaint, NoEndOfThemAndNoTerminalControl) {
    std::string text = "cluster: {name: a}\n";
    for (int i = 0; i < 1000; ++i) text += fmt::format("key{}: 1\n", i);
    EXPECT_THAT(complaints(text), HasSubstr("… and 9"));
    EXPECT_THAT(complaints(with("name: grove", "name: \"\\e[2Jgrove\"")), Not(HasSubstr("\x1b")));
    EXPECT_LT(complaints("cluster: {name: \"" + std::string(100'000, 'x') + "\"}").size(), 2000U);
}

// --- bad input: what makes no sense --------------------------------------------------------------------------------

struct Mistake {
    const char* promise;
    std::string old, fresh;
    const char* said;
};

class Refused : public testing::TestWithParam<Mistake> {};

// hwdetect finds no node by them; a file that names one would be "good" and no machine this node.
TEST(Complaint, OfAPlaceholderAsAKeyOfAMachineNamesTheLine) {
    const std::string key = "{uuid: 4c4c4544-0042-3510-8052-b4c04f4a3131}";
    const std::string shared = ": a placeholder that many boards share: no machine is found by it";
    const auto said = [](const std::string& text) {
        const auto cluster = config::load_as(text, "cluster.yaml");
        return cluster ? "accepted: " + text : cluster.error().what;
    };
    EXPECT_THAT(said(with(key, "{uuid: 03000200-0400-0500-0006-000700080009}")),
                HasSubstr("cluster.yaml:15:21" + shared));
    EXPECT_THAT(said(with(key, "\n      serial: \"To be filled by O.E.M.\"")),
                HasSubstr("cluster.yaml:16:15" + shared));
    EXPECT_THAT(said(with(key, "{asset: Default string}")), HasSubstr("cluster.yaml:15:22" + shared));
    // Two nodes with the same one: no word of a machine that is another node's.
    const std::string two = with("4c4c4544-0042-3510-8052-b4c04f4a3132", "03000200-0400-0500-0006-000700080009",
                                 with("4c4c4544-0042-3510-8052-b4c04f4a3131", "03000200-0400-0500-0006-000700080009"));
    EXPECT_THAT(said(two), Not(HasSubstr("is already that of")));
    // What blades boot by already is none the worse for it.
    EXPECT_TRUE(load(two));
}

TEST_P(Refused, IsSaid) {
    const Mistake& mistake = GetParam();
    EXPECT_THAT(complaints(with(mistake.old, mistake.fresh)), HasSubstr(mistake.said));
}

const std::string good_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICaF2ndbI/u/hXVg5ozS5FliUorTBtxHG3fWC4+GYsWz";
const std::string nic2 = R"({name: lan0, mac: "52:54:00:00:00:02", address: 10.0.0.12/24})";
const std::string bmc2 = "{agent: fence_ipmilan, options: {ip: 10.0.0.102}}";

INSTANTIATE_TEST_SUITE_P(
    Mistakes, Refused,
    testing::Values(
        Mistake{"DuplicateNode", "name: n2", "name: n1", "node name n1 is already that of node n1, line 13"},
        Mistake{"DuplicateId", "id: 2", "id: 1", "node id 1 is already that of n1"},
        Mistake{"DuplicateMac", "00:00:00:02", "00:00:00:01", "MAC 52:54:00:00:00:01 is already that of n1"},
        Mistake{"DuplicateUuid", "4a3132", "4a3131", "machine UUID"},
        Mistake{"DuplicateAddress", "10.0.0.12/24", "10.0.0.11/24", "address 10.0.0.11 is already"},
        Mistake{"AddressOfTheBootServer", "10.0.0.12/24", "10.0.0.1/24", "already that of the boot server"},
        Mistake{"DuplicateDevice", bmc2, "{name: n1-ipmilan, agent: fence_ipmilan}", "fence device name n1-ipmilan"},
        Mistake{"NodeIdZero", "id: 1", "id: 0", "\"0\" is not a whole number from 1"},
        Mistake{"NodeIdTooLarge", "id: 1", "id: 65536", "not a whole number"},
        Mistake{"NodeIdNegative", "id: 1", "id: -1", "not a whole number"},
        Mistake{"NoFenceKey", "fence:\n      - " + bmc2, "drivers: []", "\"fence\" is missing"},
        Mistake{"NoFenceDevice", "\n      - " + bmc2, " []", "n2 has no fence device"},
        Mistake{"FiveFenceDevices", bmc2,
                bmc2 + "\n      - {agent: fence_a}\n      - {agent: fence_b}\n"
                       "      - {agent: fence_c}\n      - {agent: fence_d}",
                "dlm_controld takes 4"},
        Mistake{"BinTrue", "agent: fence_ipmilan", "agent: /bin/true", "/bin/true does not fence"},
        Mistake{"FenceDummy", "agent: fence_ipmilan", "agent: fence_dummy", "fence_dummy does not fence"},
        Mistake{"FenceDummyByPath", "agent: fence_ipmilan", "agent: /usr/sbin/fence_dummy", "does not fence"},
        Mistake{"AgentPathRelative", "agent: fence_ipmilan", "agent: sbin/fence_mine", "no plain absolute path"},
        Mistake{"AgentPathWinding", "agent: fence_ipmilan", "agent: /usr/../sbin/fence_mine", "no plain absolute path"},
        Mistake{"AgentFileInUsr", "{ip: 10.0.0.102}", "{identity_file: /usr/share/key}", "no plain path below /etc/"},
        Mistake{"AgentFileRelative", "{ip: 10.0.0.102}", "{password_script: ask}", "no plain path below /etc/"},
        Mistake{"MethodCycle", "{ip: 10.0.0.102}", "{ip: 10.0.0.102, method: cycle}", "before the power is off"},
        Mistake{"ActionOn", "{ip: 10.0.0.102}", "{action: on}", "leaves the node running"},
        Mistake{"OptionNode", "{ip: 10.0.0.102}", "{node: 7}", "given by dlm_controld itself"},
        Mistake{"BlankInOption", "{ip: 10.0.0.102}", "{password: a b}", "may hold no blank"},
        Mistake{"LineBreakInOption", "{ip: 10.0.0.102}", "{password: \"a\\nb\"}", "may hold no blank"},
        Mistake{"QuoteInOption", "{ip: 10.0.0.102}", "{password: 'a\"b'}", "may hold no \""},
        Mistake{"EmptyOption", "{ip: 10.0.0.102}", "{password: ''}", "an empty fence option"},
        Mistake{"OptionsTooLong", "{ip: 10.0.0.102}", "{a: " + std::string(3600, 'x') + "}", "too long together"},
        Mistake{"NodeNameSlash", "name: n1", "name: n/1", "is no host name"},
        Mistake{"NodeNameBlank", "name: n1", "name: n 1", "is no host name"},
        Mistake{"NodeNameUpperCase", "name: n1", "name: N1", "is no host name"},
        Mistake{"NodeNameTooLong", "name: n1", "name: " + std::string(64, 'a'), "is no host name"},
        Mistake{"NodeNameDots", "name: n1", "name: ..", "is no host name"},
        Mistake{"NodeNameLocalhost", "name: n1", "name: localhost", "is no host name"},
        Mistake{"ClusterNameTooLong", "name: grove", "name: " + std::string(33, 'a'), "is no cluster name"},
        Mistake{"ClusterNameColon", "name: grove", "name: \"a:b\"", "is no cluster name"},
        Mistake{"ClusterNameLineBreak", "name: grove", "name: \"a\\n}\"", "is no cluster name"},
        Mistake{"RootNameTooLong", "boot:", "root: {name: " + std::string(31, 'a') + "}\nboot:", "is no filesystem"},
        Mistake{"BadMac", "52:54:00:00:00:02", "52:54:00:00:02", "is no MAC address"},
        Mistake{"MulticastMac", "52:54:00:00:00:02", "01:00:5e:00:00:02", "multicast"},
        Mistake{"NoMac", "mac: \"52:54:00:00:00:02\", ", "", "has no MAC"},
        Mistake{"BadAddress", "10.0.0.12/24", "10.0.0.256/24", "is no address with a prefix length"},
        Mistake{"NoPrefix", "10.0.0.12/24", "10.0.0.12", "is no address with a prefix length"},
        Mistake{"BadPrefix", "10.0.0.12/24", "10.0.0.12/33", "is no address with a prefix length"},
        Mistake{"NetworkAddress", "10.0.0.12/24", "10.0.0.0/24", "network's own"},
        Mistake{"BroadcastAddress", "10.0.0.12/24", "10.0.0.255/24", "broadcast"},
        Mistake{"LoopbackAddress", "10.0.0.12/24", "127.0.0.2/8", "cannot be the address"},
        Mistake{"MixedFamilies", "10.0.0.12/24", "\"2001:db8::12/64\"", "partly IPv4 and partly IPv6"},
        Mistake{"NoClusterAddress", ", address: 10.0.0.12/24", "", "has no address"},
        Mistake{"DhcpAndAddress", "address: 10.0.0.12/24", "address: 10.0.0.12/24, dhcp: true", "at once"},
        Mistake{"TwoClusterNics", nic2,
                R"({name: a, mac: "52:54:00:00:00:02", address: 10.0.0.12/24, cluster: true}
      - {name: b, mac: "52:54:00:00:00:03", address: 10.1.0.12/24, cluster: true})",
                "2 NICs of n2 are the cluster's"},
        Mistake{"UndecidedClusterNic", nic2, R"({name: a, mac: "52:54:00:00:00:02", address: 10.0.0.12/24}
      - {name: b, mac: "52:54:00:00:00:03", address: 10.1.0.12/24})",
                "0 NICs of n2 are the cluster's"},
        Mistake{"TwoNicsOneName", nic2, nic2 + R"(
      - {name: lan0, mac: "52:54:00:00:00:03"})",
                "two NICs of n2 are called lan0"},
        Mistake{"GatewayOutside", "address: 10.0.0.12/24", "address: 10.0.0.12/24, gateway: 10.9.0.1",
                "not in the network of lan0"},
        Mistake{"BondWithoutMember", nic2, "{name: bond0, address: 10.0.0.12/24, bond: {members: [x], mode: 802.3ad}}",
                "n2 has no NIC x with a MAC"},
        Mistake{"BondMode", nic2, "{name: bond0, bond: {members: [], mode: active}}", "\"active\" is not known"},
        Mistake{"VlanWithoutLink", nic2, "{name: v, address: 10.0.0.12/24, vlan: {link: x, id: 5}}", "has no NIC x"},
        Mistake{"VlanId", nic2, "{name: v, address: 10.0.0.12/24, vlan: {link: x, id: 4095}}", "from 1 to 4094"},
        Mistake{"InterfaceName", "name: lan0", "name: a/b", "is no interface name"},
        Mistake{"InterfaceTooLong", "name: lan0", "name: abcdefghijklmnop", "is no interface name"},
        Mistake{"FewerJournals", "boot:", "root: {journals: 1}\nboot:", "1 journals for 2 nodes"},
        Mistake{"ShortToken", "boot:", "corosync: {token: 999ms}\nboot:", "999ms is too short"},
        Mistake{"ShortConsensus", "boot:", "corosync: {consensus: 3s}\nboot:", "less than 1.2 x token"},
        Mistake{"NoEncryption", "boot:", "corosync: {crypto: {cipher: none}}\nboot:", "\"none\" is not known"},
        Mistake{"NoUnit", "boot:", "corosync: {token: 3000}\nboot:", "it has no unit"},
        Mistake{"UnknownUnit", "boot:", "corosync: {token: 3 fortnights}\nboot:", "unknown unit"},
        Mistake{"HugeDuration", "boot:", "corosync: {token: 99999999999999999999s}\nboot:", "is no duration"},
        Mistake{"OverflowingDuration", "boot:", "corosync: {token: 281474976710655h}\nboot:", "too much"},
        Mistake{"FractionalWatchdog", "boot:", "watchdog: {timeout: 30500ms}\nboot:", "whole seconds"},
        Mistake{"WatchdogQuickerThanCorosync", "boot:", "watchdog: {timeout: 3s}\nboot:", "corosync's token"},
        Mistake{"UnknownWatchdogMode", "boot:", "watchdog: {mode: maybe}\nboot:", "\"maybe\" is not known here"},
        Mistake{"RescueWithoutAKey", "boot:", "rescue: {ssh: boot}\nboot:", "no key that could log in"},
        Mistake{"RescueKeyWithOptions",
                "boot:", "rescue: {keys: ['command=\"/bin/x\" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA']}\nboot:",
                "options before the type"},
        Mistake{"RescueOnThePortOfSshd",
                "boot:", "rescue: {keys: ['" + good_key + "'], port: 22}\nboot:", "the root's own sshd"},
        Mistake{"FractionalDelay", "boot:", "dlm: {post_join_delay: 1500ms}\nboot:", "whole seconds"},
        Mistake{"OtherFilesystem", "boot:", "root: {filesystem: ext4}\nboot:", "\"ext4\" is not known"},
        Mistake{"OwnMountOption",
                "boot:", "root: {mount_options: 'noatime,lockproto=lock_nolock'}\nboot:", "not yours to give"},
        Mistake{"UnknownStage", "subnet: 10.0.0.0/24", "subnet: 10.0.0.0/24\n  stages: {storrage: {deadline: 1s}}",
                "did you mean \"storage\"?"},
        Mistake{"UnknownPolicy", "subnet: 10.0.0.0/24", "subnet: 10.0.0.0/24\n  stages: {storage: {policy: rebot}}",
                "did you mean \"reboot\"?"},
        Mistake{"SubnetWithHostBits", "subnet: 10.0.0.0/24", "subnet: 10.0.0.1/24", "no IPv4 subnet"},
        Mistake{"ServerElsewhere", "server: 10.0.0.1", "server: 10.9.0.1", "not in boot.subnet"},
        Mistake{"AddressOfStrangers", "10.0.0.12/24", "10.0.0.200/24", "addresses for unknown machines"},
        Mistake{"BmcAmongStrangers", "10.0.0.102", "10.0.0.192", "addresses for unknown machines"},
        Mistake{"KernelArgumentBlank", "subnet: 10.0.0.0/24", "subnet: 10.0.0.0/24\n  kernel_arguments: ['a b']",
                "cannot be a kernel argument"},
        Mistake{"KernelArgumentVariable", "subnet: 10.0.0.0/24", "subnet: 10.0.0.0/24\n  kernel_arguments: ['a=${b}']",
                "cannot be a kernel argument"},
        Mistake{"KernelArgumentSplitAtComma", "subnet: 10.0.0.0/24",
                "subnet: 10.0.0.0/24\n  kernel_arguments: [console=ttyS0,115200]", "quote an argument"},
        Mistake{"NoIscsi", "  iscsi:\n    portals: [10.0.0.1]\n    target: iqn.2026-01.org.example:root\n", "",
                "without iscsi:"},
        Mistake{"NoPortal", "portals: [10.0.0.1]", "portals: []", "no portal"},
        Mistake{"PortalName", "portals: [10.0.0.1]", "portals: [san.example.org]", "is no portal"},
        Mistake{"TargetName", "iqn.2026-01.org.example:root", "root", "is no iSCSI name"},
        Mistake{"RelativeCdsl", "boot:", "cdsl: [{path: var/log, mode: bind}]\nboot:", "no absolute path"},
        Mistake{"CdslDotDot", "boot:", "cdsl: [{path: /var/../etc, mode: bind}]\nboot:", "holds .."},
        Mistake{"CdslMode", "boot:", "cdsl: [{path: /var/x, mode: bnid}]\nboot:", "did you mean \"bind\"?"},
        Mistake{"CdslScope", "boot:", "cdsl: [{path: /var/x, mode: bind, scope: 'node:n9'}]\nboot:", "no node:n9"},
        Mistake{"CdslSeed", "boot:", "cdsl: [{path: /var/x, mode: bind, seed: cpoy}]\nboot:", "did you mean \"copy\"?"},
        Mistake{"CdslSeedOfTmpfs",
                "boot:", "cdsl: [{path: /var/x, mode: tmpfs, seed: copy}]\nboot:", "mode tmpfs has no content"},
        Mistake{"CdslPermissions",
                "boot:", "cdsl: [{path: /var/x, mode: bind, permissions: rwx}]\nboot:", "no octal permissions"},
        Mistake{"CdslWhen", "boot:", "cdsl: [{path: /var/x, mode: bind, when: never}]\nboot:", "always"},
        Mistake{"CdslWhy", "boot:", "cdsl: [{path: /var/x, mode: bind, why: \"\"}]\nboot:", "the text is empty"},
        Mistake{"CdslRequired",
                "boot:", "cdsl: [{path: /var/x, mode: bind, required: perhaps}]\nboot:", "neither true nor false"},
        Mistake{"CdslTwice", "boot:", "cdsl: [{path: /x, mode: bind}, {path: /x/, mode: bind}]\nboot:", "CDSL /x"},
        Mistake{"ChrootOnADriftingName",
                "boot:", "chroot: {path: /dev/sda1}\nboot:", "may be another device at the next boot"},
        Mistake{"ChrootLabelWithBlank", "boot:", "chroot: {path: \"LABEL=my disk\"}\nboot:", "is no LABEL of a disk"},
        Mistake{"ChrootUuid", "boot:", "chroot: {path: UUID=/dev/sda}\nboot:", "is no UUID of a disk"},
        Mistake{"ChrootOverADisksTop",
                "boot:", "chroot: {path: \"LABEL=x:/\"}\nboot:", "is no directory for the chroot"},
        Mistake{"ChrootDotDot",
                "boot:", "chroot: {path: \"LABEL=x:/a/../b\"}\nboot:", "is no directory for the chroot"},
        Mistake{"WatchdogOfANode", "    id: 2", "    id: 2\n    watchdog: {mode: maybe}",
                "\"maybe\" is not known here"},
        Mistake{"FractionalWatchdogOfANode", "    id: 2", "    id: 2\n    watchdog: {timeout: 30500ms}",
                "whole seconds"},
        Mistake{"UnknownKeyOfANodesWatchdog", "    id: 2", "    id: 2\n    watchdog: {mod: off}",
                "unknown key \"mod\""},
        Mistake{"ChrootOfANode", "    id: 2", "    id: 2\n    chroot_path: ram", "is no place for the chroot"},
        Mistake{"ChrootForever", "boot:", "chroot: {disk_timeout: 1h}\nboot:", "too long"},
        Mistake{"ChrootRoot", "boot:", "chroot: {path: /}\nboot:", "is no place for the chroot"},
        Mistake{"ChrootSmall", "boot:", "chroot: {size: 1M}\nboot:", "too small"},
        Mistake{"KeyOfTwoLines", "boot:", "access: {authorized_keys: [\"ssh-ed25519 AAAA\\nssh-rsa AAAA\"]}\nboot:",
                "no ssh public key"},
        Mistake{"AuthkeyElsewhere", "name: grove", "name: grove\n  authkey: ../authkey", "holds .."},
        Mistake{"ZeroUuid", "4c4c4544-0042-3510-8052-b4c04f4a3131", "00000000-0000-0000-0000-000000000000",
                "knows no UUID"},
        Mistake{"NoNodes", sample.substr(sample.find("nodes:")), "nodes: []\n", "there is no node"},
        Mistake{"MissingSection", sample.substr(sample.find("boot:"), sample.find("nodes:") - sample.find("boot:")), "",
                "\"boot\" is missing"}),
    [](const auto& info) { return std::string(info.param.promise); });

TEST(Limits, SixteenNodesAreCarriedMoreOnlyByATest) {
    const auto nodes = [](int count, bool test) {
        std::string text = sample.substr(0, sample.find("nodes:")) + "nodes:\n";
        if (test) text = with("name: grove", "name: grove\n  test: true", text);
        for (int i = 1; i <= count; ++i)
            text += fmt::format(
                "  - {{name: n{0}, id: {0}, nics: [{{name: lan0, mac: \"52:54:00:00:{0:02x}:00\", address: "
                "10.0.0.{1}/24}}], fence: [{{agent: fence_ipmilan}}]}}\n",
                i, i + 10);
        return text;
    };
    EXPECT_TRUE(load(nodes(16, false)));
    EXPECT_THAT(complaints(nodes(17, false)), HasSubstr("17 nodes, GFS2 and DLM carry 16"));
    EXPECT_TRUE(load(nodes(17, true)));
}

TEST(Limits, WhatProfilesMakeOfAFileIsBounded) {
    std::string text = sample.substr(0, sample.find("nodes:")) + "profiles:\n  blade:\n    drivers: [";
    for (int i = 0; i < 900; ++i) text += fmt::format("{}m{}", i == 0 ? "" : ", ", i);
    text += "]\nnodes:\n";
    for (int i = 1; i <= 600; ++i) text += fmt::format("  - {{name: n{0}, id: {0}, profile: blade}}\n", i);
    EXPECT_THAT(complaints(text), HasSubstr("profiles add more than"));
    std::string many = sample.substr(0, sample.find("nodes:")) + "nodes:\n";
    for (int i = 1; i <= 16'385; ++i) many += fmt::format("  - {{id: {}}}\n", i);
    EXPECT_THAT(complaints(many), HasSubstr("the limit is 16384"));
}

TEST(Fencing, ADeviceHasItsLevelAttemptsAndTimes) {
    const std::string agent = "{agent: fence_ipmilan, options: {ip: 10.0.0.101}}";
    const auto plain = load(sample);
    ASSERT_TRUE(plain);
    EXPECT_EQ(plain->nodes[0].fence[0].attempts, 2U);
    EXPECT_EQ(plain->nodes[0].fence[0].delay, Milliseconds(0));
    EXPECT_FALSE(plain->nodes[0].fence[0].unfence);
    const auto cluster = load(with(agent,
                                   "{agent: fence_ipmilan, attempts: 3, timeout: 20s, delay: 15s}\n"
                                   "      - {agent: fence_scsi, unfence: true}"));
    ASSERT_TRUE(cluster) << cluster.error().what;
    EXPECT_EQ(cluster->nodes[0].fence[0].attempts, 3U);
    EXPECT_EQ(cluster->nodes[0].fence[0].timeout, Milliseconds(20000));
    EXPECT_EQ(cluster->nodes[0].fence[0].delay, Milliseconds(15000));
    EXPECT_TRUE(cluster->nodes[0].fence[1].unfence);
}

TEST(Fencing, WhatContradictsItselfIsRefused) {
    const std::string agent = "{agent: fence_ipmilan, options: {ip: 10.0.0.101}}";
    EXPECT_THAT(complaints(with(agent, "{agent: fence_scsi}")), HasSubstr("nothing gives it back"));
    EXPECT_THAT(complaints(with(agent, "{agent: fence_mine, unfence: true, options: {action: reboot}}")),
                HasSubstr("cannot reboot"));
    const std::string other = "{agent: fence_ipmilan, options: {ip: 10.0.0.102}}";
    const std::string both =
        with(other, "{agent: fence_ipmilan, delay: 5s}", with(agent, "{agent: fence_ipmilan, delay: 5s}"));
    EXPECT_THAT(complaints(both), HasSubstr("neither wins a race"));
    EXPECT_TRUE(load(with(agent, "{agent: fence_ipmilan, delay: 5s}")));
    EXPECT_THAT(complaints(with(agent, "{agent: fence_ipmilan, attempts: 0}")), HasSubstr("attempts"));
}

TEST(Limits, ATestMayUseAgentsThatDoNothing) {
    const std::string test = with("name: grove", "name: grove\n  test: true");
    EXPECT_TRUE(load(with("agent: fence_ipmilan", "agent: fence_dummy", test)));
    EXPECT_TRUE(load(with("agent: fence_ipmilan", "agent: /bin/true", test)));
    EXPECT_TRUE(load(with("agent: fence_ipmilan", "agent: /usr/local/sbin/fence_mine")));
}

TEST(Limits, AProfileTimesItsNodesStaysSmall) {
    std::string text = "profiles:\n  blade:\n    drivers:\n";
    for (int i = 0; i < 2000; ++i) text += "      - d\n";
    text += "nodes:\n";
    for (int i = 0; i < 256; ++i) text += fmt::format("  - {{name: n{0}, id: {0}, profile: blade}}\n", i + 1);
    EXPECT_THAT(complaints(text), HasSubstr("more than 1000 values"));
}

TEST(Limits, TheLargestFilesAreAnsweredQuickly) {
    const auto fastest = [](const std::string& text) {
        const auto start = std::chrono::steady_clock::now();
        const auto result = load(text);
        EXPECT_FALSE(result);
        return std::chrono::steady_clock::now() - start;
    };
    std::string list = "a:\n";
    while (list.size() < cluster_file_limit - 10) list += "- b\n";
    EXPECT_LT(fastest(list), 10s);
    std::string comments = "# x\n";
    while (comments.size() < cluster_file_limit - 10) comments += "# a comment of some length, as people write them\n";
    EXPECT_LT(fastest(comments), 10s);
    EXPECT_LT(fastest("a: \"" + std::string(cluster_file_limit - 10, 'x') + "\""), 10s);
    EXPECT_LT(fastest("a: " + std::string(cluster_file_limit - 10, '{')), 10s);
    EXPECT_LT(fastest(std::string(cluster_file_limit - 10, '?')), 10s);
    std::string keys;
    for (int i = 0; keys.size() < cluster_file_limit - 20; ++i) keys += fmt::format("k{}: 1\n", i);
    EXPECT_LT(fastest(keys), 10s);
}

// --- the reference -------------------------------------------------------------------------------------------------

TEST(Boot, OnlyTheServersOwnRangeIsReserved) {
    const std::string text = with("server: 10.0.0.1\n", "server: 10.0.0.200\n");
    EXPECT_THAT(complaints(text), HasSubstr("among the addresses for unknown machines"));
    EXPECT_TRUE(load(with("boot:\n", "boot:\n  dhcp: proxy\n", text)));
    EXPECT_THAT(complaints(with("boot:\n", "boot:\n  dhcp: relay\n")), HasSubstr("relay"));
}

TEST(Reference, DescribesEveryKeyAsItIs) {
    const auto file = std::filesystem::path(TEST_DATA) / "../../docs/cluster-yaml.md";
    auto text = read_file(file);
    ASSERT_TRUE(text) << text.error().what;
    const std::string begin = "<!-- keys: written by the test Reference.DescribesEveryKeyAsItIs -->\n";
    const size_t from = text->find(begin);
    const size_t to = text->find("<!-- end of keys -->");
    ASSERT_NE(from, std::string::npos);
    ASSERT_NE(to, std::string::npos);
    const std::string fresh = text->substr(0, from) + begin + reference() + "\n" + text->substr(to);
    if (std::getenv("PANDO_GOLDEN") != nullptr) {
        ASSERT_TRUE(write_file_atomic(file, fresh));
    }
    text = read_file(file);
    EXPECT_EQ(*text, fresh) << "run with PANDO_GOLDEN=1 to write the reference anew";
}

}  // namespace
}  // namespace pando::test
