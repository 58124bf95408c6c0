// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/edit.h"

#include "base/file.h"
#include "config/show.h"
#include "config/yaml_text.h"
#include "tests/unit/config/golden.h"
#include "tests/unit/config/sample.h"

namespace pando::test {
namespace {

using namespace config;
using testing::HasSubstr;
using testing::Not;

const NodeText n3 = {
    {"name", "n3"},
    {"id", 3},
    {"machine", {{"serial", "CZ 3"}}},
    {"nics", NodeText::array({{{"name", "lan0"}, {"mac", "52:54:00:00:00:03"}, {"address", "10.0.0.13/24"}}})},
    {"fence", NodeText::array({{{"agent", "fence_ipmilan"}, {"options", {{"ip", "10.0.0.103"}}}}})}};

const std::string n3_block = R"(  - name: n3
    id: 3
    machine: {serial: "CZ 3"}
    nics:
      - {name: lan0, mac: "52:54:00:00:00:03", address: 10.0.0.13/24}
    fence:
      - {agent: fence_ipmilan, options: {ip: 10.0.0.103}}
)";

// The sample up to its nodes, and its first node.
const std::string head = sample.substr(0, sample.find("nodes:"));
const std::string n1_block =
    sample.substr(sample.find("  - name: n1"), sample.find("  - name: n2") - sample.find("  - name: n1"));
const std::string n2_block = sample.substr(sample.find("  - name: n2"));

std::string text_of(const Result<std::string>& result) {
    EXPECT_TRUE(result) << result.error().what;
    return result ? *result : std::string();
}

std::string crlf(const std::string& text) {
    std::string out;
    for (const char c : text) out += c == '\n' ? "\r\n" : std::string(1, c);
    return out;
}

Binding machine(const std::string& serial, const std::string& mac) {
    Binding binding;
    binding.machine.serial = serial;
    binding.macs["lan0"] = mac;
    return binding;
}

TEST(Edit, ANodeIsAddedBehindTheLast) { EXPECT_EQ(text_of(add_nodes(sample, {n3})), sample + n3_block); }

TEST(Edit, WhatFollowsTheNodesAndAllCommentsStay) {
    const std::string tail = "\n# who may log in\naccess: {authorized_keys: []}   # nobody\n";
    const std::string text = "# first line\n" + sample + "    # n2 has a spare fan\n  # rack 2 ends here\n" + tail;
    EXPECT_EQ(text_of(add_nodes(text, {n3})),
              "# first line\n" + sample + "    # n2 has a spare fan\n" + n3_block + "  # rack 2 ends here\n" + tail);
}

TEST(Edit, ANodeIsAddedWhereTheLastLineDoesNotEnd) {
    const std::string text = sample.substr(0, sample.size() - 1);
    EXPECT_EQ(text_of(add_nodes(text, {n3})), (sample + n3_block).substr(0, (sample + n3_block).size() - 1));
}

TEST(Edit, LinesKeepTheirKindOfEnd) { EXPECT_EQ(text_of(add_nodes(crlf(sample), {n3})), crlf(sample + n3_block)); }

TEST(Edit, DashesMayStandAtTheMargin) {
    std::string text = head + "nodes:\n";
    for (const std::string& block : {n1_block, n2_block, n3_block}) {
        std::string_view rest = block;
        while (!rest.empty()) {
            const size_t end = rest.find('\n') + 1;
            text += rest.substr(2, end - 2);
            rest.remove_prefix(end);
        }
    }
    const std::string without = text_of(remove_nodes(text, {"n3"}));
    EXPECT_EQ(text_of(add_nodes(without, {n3})), text);
}

TEST(Edit, NodesInBracesAreAddedInBraces) {
    const std::string text = head + R"(nodes: [
  {name: n1, id: 1, machine: {uuid: 4c4c4544-0042-3510-8052-b4c04f4a3131}, # it's the first
   nics: [{name: lan0, mac: "52:54:00:00:00:01", address: 10.0.0.11/24}], fence: [{agent: fence_ipmilan, options: {ip: 10.0.0.101}}]},
]
access: {authorized_keys: []}
)";
    const std::string more = text_of(add_nodes(text, {n3}));
    EXPECT_EQ(text_of(remove_nodes(more, {"n3"})), text);
    EXPECT_EQ(text_of(remove_nodes(more, {"n1"})), head + R"(nodes: [
  {name: n3, id: 3, machine: {serial: "CZ 3"}, nics: [{name: lan0, mac: "52:54:00:00:00:03", address: 10.0.0.13/24}], fence: [{agent: fence_ipmilan, options: {ip: 10.0.0.103}}]},
]
access: {authorized_keys: []}
)");
}

TEST(Edit, ANumberOfJournalsGrowsWithTheNodes) {
    const std::string text = "root: {journals: 2}  # as mkfs made them\n" + sample;
    EXPECT_THAT(text_of(add_nodes(text, {n3})), HasSubstr("root: {journals: 3}  # as mkfs made them\n"));
    EXPECT_THAT(text_of(add_nodes("root: {journals: 8}\n" + sample, {n3})), HasSubstr("{journals: 8}"));
}

TEST(Edit, WhatWouldBeNoClusterIsNotWritten) {
    NodeText twin = n3;
    twin["id"] = 2;
    const auto refused = add_nodes(sample, {twin});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::bad_input);
    EXPECT_THAT(refused.error().what, HasSubstr("node id 2 is already that of"));
}

TEST(Edit, ANodeIsRemovedWithTheCommentsInIt) {
    const std::string before = head + "nodes:\n  # rack 1\n" + n1_block;
    const std::string after = "\n  # rack 2\n" + n3_block;
    const std::string middle = with("    id: 2\n", "    # the database\n    id: 2   # for ever\n", n2_block);
    EXPECT_EQ(text_of(remove_nodes(before + middle + "      # a loose fan\n" + after, {"n2"})), before + after);
}

TEST(Edit, TheFirstAndTheLastNodeAreRemoved) {
    EXPECT_EQ(text_of(remove_nodes(head + "nodes:\n" + n1_block + n2_block + n3_block, {"n1"})),
              head + "nodes:\n" + n2_block + n3_block);
    EXPECT_EQ(text_of(remove_nodes(sample + n3_block, {"n3", "n1"})), head + "nodes:\n" + n2_block);
}

TEST(Edit, TheOnlyNodeStays) {
    const auto refused = remove_nodes(head + "nodes:\n" + n1_block, {"n1"});
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().what, HasSubstr("last node"));
}

TEST(Edit, ANodesOwnRulesGoWithIt) {
    const std::string rules =
        "cdsl:\n  - {path: /srv/a, mode: bind}   # all\n  - {path: /srv/b, mode: bind, scope: \"node:n2\"}\n";
    EXPECT_EQ(text_of(remove_nodes(rules + sample, {"n2"})),
              "cdsl:\n  - {path: /srv/a, mode: bind}   # all\n" + head + "nodes:\n" + n1_block);
    const std::string alone = "cdsl:\n  - {path: /srv/b, mode: bind, scope: \"node:n2\"}\n";
    EXPECT_EQ(text_of(remove_nodes("# top\n" + sample + alone, {"n2"})), "# top\n" + head + "nodes:\n" + n1_block);
}

TEST(Edit, RenamingChangesTheNameAndWhoseTheRulesAre) {
    const std::string rule = "cdsl:\n  - {path: /srv/b, mode: bind, scope: \"node:n2\"}\n";
    EXPECT_EQ(text_of(rename_node(rule + sample, "n2", "db")),
              with("node:n2", "node:db", with("name: n2", "name: db", rule + sample)));
    EXPECT_FALSE(rename_node(sample, "n2", "n1"));
    EXPECT_FALSE(rename_node(sample, "n9", "n8"));
}

TEST(Edit, AMachineInBracesIsReplaced) {
    EXPECT_EQ(text_of(bind_node(sample, "n2", machine("S/N 7", "52:54:00:00:00:99"))),
              with("{uuid: 4c4c4544-0042-3510-8052-b4c04f4a3132}", "{serial: \"S/N 7\"}",
                   with("52:54:00:00:00:02", "52:54:00:00:00:99")));
}

TEST(Edit, AMachineOverSeveralLinesIsReplacedKeyByKey) {
    const std::string before = R"(    "machine":      # see the sticker
      # at the back
      'uuid': "4c4c4544-0042-3510-8052-b4c04f4a3131"
      serial: 'it''s one'   # lower left
)";
    const std::string after = R"(    "machine":      # see the sticker
      # at the back
      serial: new-1   # lower left
)";
    const std::string line = "    machine: {uuid: 4c4c4544-0042-3510-8052-b4c04f4a3131}\n";
    const std::string mac = "\"52:54:00:00:00:01\"";
    EXPECT_EQ(text_of(bind_node(with(line, before), "n1", machine("new-1", "52:54:00:00:00:aa"))),
              with(line, after, with(mac, "\"52:54:00:00:00:aa\"")));
}

TEST(Edit, AMachineIsAddedAndTakenAway) {
    const std::string line = "    machine: {uuid: 4c4c4544-0042-3510-8052-b4c04f4a3132}\n";
    const std::string without = with(line, "");
    EXPECT_EQ(text_of(bind_node(without, "n2", machine("new", "52:54:00:00:00:02"))),
              with(line, "    machine: {serial: new}\n"));
    Binding nothing;
    EXPECT_EQ(text_of(bind_node(sample, "n2", nothing)), without);
}

TEST(Edit, TheMacOfANicThatOnlyTheProfileHasComesIntoTheNodesEntry) {
    const std::string text = head + R"(profiles:
  one: {nics: [{name: lan0, mac: "52:54:00:00:00:f0"}, {name: lan1, mac: "52:54:00:00:00:f1"}]}
nodes:
  - {name: n1, id: 1, profile: one, nics: [{name: lan0, address: 10.0.0.11/24}], fence: [{agent: fence_apc}]}
)";
    EXPECT_EQ(text_of(bind_node(text, "n1", machine("a", "52:54:00:00:00:01"))),
              with("nics: [{name: lan0, address",
                   "machine: {serial: a}, nics: [{name: lan0, mac: \"52:54:00:00:00:01\", address", text));
    Binding second;
    second.macs["lan1"] = "52:54:00:00:00:02";
    EXPECT_EQ(
        text_of(bind_node(text, "n1", second)),
        with("address: 10.0.0.11/24}]", "address: 10.0.0.11/24}, {name: lan1, mac: \"52:54:00:00:00:02\"}]", text));
}

TEST(Edit, AMacIsAddedBehindTheNameWhateverTheLayout) {
    const std::string text =
        with("{name: lan0, mac: \"52:54:00:00:00:02\", address: 10.0.0.12/24}",
             "mtu: 9000\n        name: lan0\n        address: 10.0.0.12/24",
             with("nodes:", "profiles: {p: {nics: [{name: lan0, mac: \"52:54:00:00:00:02\"}]}}\nnodes:",
                  with("id: 2", "id: 2\n    profile: p")));
    EXPECT_EQ(text_of(bind_node(text, "n2", machine("b", "52:54:00:00:00:09"))),
              with("name: lan0\n        address: 10.0.0.12/24",
                   "name: lan0\n        mac: \"52:54:00:00:00:09\"\n        address: 10.0.0.12/24",
                   with("{uuid: 4c4c4544-0042-3510-8052-b4c04f4a3132}", "{serial: b}", text)));
}

TEST(Edit, AMachineThatIsAnothersIsRefused) {
    EXPECT_FALSE(bind_node(sample, "n2", machine("x", "52:54:00:00:00:01")));
}

TEST(Edit, OptionsOfAFenceDeviceAreSetInTheNodesEntry) {
    EXPECT_EQ(text_of(set_fence_options(sample, "n2", "n2-ipmilan", {{"ip", "10.0.0.150"}, {"password", "a:b"}})),
              with("{ip: 10.0.0.102}", "{ip: 10.0.0.150, password: \"a:b\"}"));
    EXPECT_FALSE(set_fence_options(sample, "n2", "n1-ipmilan", {{"ip", "10.0.0.150"}}));
    const auto text = read_file(example_file());
    ASSERT_TRUE(text);
    EXPECT_THAT(text_of(set_fence_options(*text, "aspen1", "aspen1-ipmilan", {{"password", "new"}})),
                HasSubstr("fence: [{name: aspen1-ipmilan, options: {password: new}}]"));
    EXPECT_THAT(text_of(set_fence_options(*text, "aspen3", "aspen3-ipmilan", {{"password", "new"}})),
                HasSubstr("      - options: {password: new}      # this BMC has its own\n"));
}

TEST(Edit, LayoutsBeyondItAreRefusedWithTheirPlace) {
    const auto expect_refused = [](const Result<std::string>& refused) {
        ASSERT_FALSE(refused) << *refused;
        EXPECT_EQ(refused.error().kind, ErrorKind::bad_input);
        EXPECT_THAT(refused.error().what, testing::ContainsRegex("^cluster.yaml:[0-9]+:[0-9]+: cannot "));
        EXPECT_THAT(refused.error().what, HasSubstr("by hand"));
    };
    const std::string anchored = with("fence:", "fence: &f", n2_block);
    expect_refused(remove_nodes(head + "nodes:\n" + n1_block + anchored + n3_block, {"n2"}));
    expect_refused(bind_node(with("machine: {uuid", "machine: &m {uuid"), "n1", machine("x", "52:54:00:00:00:01")));
    expect_refused(
        bind_node(with("{uuid: 4c4c4544-0042-3510-8052-b4c04f4a3131}", "\n      serial: >-\n        a\n        b"),
                  "n1", machine("x", "52:54:00:00:00:01")));
}

// Whatever is done to the example, undoing it gives the example again: nothing else was touched.
TEST(Edit, TheExampleComesBack) {
    const auto text = read_file(example_file());
    ASSERT_TRUE(text);
    const NodeText node = {{"name", "aspen4"},
                           {"id", 4},
                           {"profile", "blade"},
                           {"nics", NodeText::array({{{"name", "lan0"}, {"mac", "d0:94:66:5a:10:04"}}})}};
    EXPECT_EQ(text_of(remove_nodes(text_of(add_nodes(*text, {node})), {"aspen4"})), *text);
    EXPECT_EQ(text_of(rename_node(text_of(rename_node(*text, "aspen2", "fir")), "fir", "aspen2")), *text);
    const auto cluster = load(*text);
    ASSERT_TRUE(cluster);
    const Binding old = binding_of(cluster->nodes[2]);
    const std::string bound = text_of(bind_node(*text, "aspen3", machine("x", "d0:94:66:5a:10:99")));
    EXPECT_EQ(text_of(bind_node(bound, "aspen3", old)), *text);
}

TEST(YamlText, OnlyWhatIsPlainEverywhereIsWrittenPlain) {
    EXPECT_EQ(yaml_scalar("CZ2950ABCD"), "CZ2950ABCD");
    EXPECT_EQ(yaml_scalar("52:54"), "\"52:54\"");
    EXPECT_EQ(yaml_scalar("a \"b\" \\"), "\"a \\\"b\\\" \\\\\"");
    EXPECT_EQ(yaml_scalar(""), "\"\"");
    EXPECT_EQ(yaml_scalar("null"), "\"null\"");
    EXPECT_EQ(yaml_scalar("-"), "\"-\"");
    EXPECT_EQ(yaml_scalar("a\nb"), "\"a\\x0ab\"");
}

}  // namespace
}  // namespace pando::test
