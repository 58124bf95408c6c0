// SPDX-License-Identifier: GPL-2.0-or-later
// The table of pando status --here says who is well and who is not, and fits into the terminal.
#include "report/view.h"

#include "tests/unit/report/sample_plan.h"

#include <nlohmann/json.hpp>
#include <sstream>

namespace pando::report {
namespace {

using std::chrono::seconds;
using test::booted;
using testing::Contains;
using testing::Each;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Le;
using testing::Not;

Snapshot three_booted() {
    Snapshot snapshot{.cluster = "grove", .generation = 7, .boot = "b", .written = seconds(1000)};
    snapshot.nodes = {"n1", "n2", "n3"};
    for (const std::string& node : snapshot.nodes) snapshot.heard[node] = {booted(node), seconds(999), 0, "10.0.0.1"};
    return snapshot;
}

View seen(const Snapshot& snapshot, Milliseconds up = seconds(1000)) { return view_of(snapshot, {up, "b"}); }

std::vector<size_t> lengths(const std::string& text) {
    std::vector<size_t> all;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) all.push_back(line.size());
    return all;
}

TEST(View, OfHealthyNodesIsALineEach) {
    const View view = seen(three_booted());
    EXPECT_TRUE(view.well);
    EXPECT_EQ(to_text(view, 80),
              "node machine state         quorum  root    chroot fence gen\n"
              "n1   S1      booted, 6 min yes 3/3 mounted ok     2 min 7\n"
              "n2   S2      booted, 6 min yes 3/3 mounted ok     2 min 7\n"
              "n3   S3      booted, 6 min yes 3/3 mounted ok     2 min 7\n");
}

TEST(View, TellsSilentNodesByTheirLastWord) {
    Snapshot snapshot = three_booted();
    snapshot.heard.at("n2").last = seconds(900);
    snapshot.heard.erase("n3");
    const View view = seen(snapshot);
    EXPECT_FALSE(view.well);
    EXPECT_EQ(view.lines[1].state, "silent, 100 s");
    EXPECT_THAT(view.lines[1].remarks, Contains("its last word: booted, 6 min"));
    EXPECT_EQ(view.lines[1].root, "");  // what it was then is not what is now
    EXPECT_EQ(view.lines[2].state, "silent");
    EXPECT_THAT(view.lines[2].remarks, Contains("nothing was heard of it"));
}

TEST(View, TellsStagesWithWhatTheyWaitFor) {
    Snapshot snapshot = three_booted();
    Report& n2 = snapshot.heard.at("n2").report;
    n2 = {.node = "n2"};
    n2.stage = {"join", 9, 12, 1, 40, 300, "quorum: 1 of 3 votes", "", "", "this machine reboots (policy reboot)"};
    EXPECT_EQ(seen(snapshot).lines[1].state, "join 9/12, 41 s");
    EXPECT_THAT(seen(snapshot).lines[1].remarks, Contains("waits for quorum: 1 of 3 votes"));
    n2.state = State::failed;
    n2.stage.error = "no quorum";
    n2.stage.advice = "start n1";
    EXPECT_EQ(seen(snapshot).lines[1].state, "FAILED join 9/12");
    EXPECT_THAT(seen(snapshot).lines[1].remarks, Contains("no quorum"));
    EXPECT_THAT(seen(snapshot).lines[1].remarks, Contains("-> start n1"));
}

TEST(View, TellsFrozenRootsAndWhoIsFenced) {
    Snapshot snapshot = three_booted();
    Report& n1 = snapshot.heard.at("n1").report;
    n1.root = "frozen";
    n1.frozen = 12;
    n1.frozen_for = "n2 to be fenced";
    n1.fencing = "n2";
    snapshot.heard.at("n2").last = seconds(985);
    const View view = seen(snapshot);
    EXPECT_EQ(view.lines[0].state, "frozen, 13 s");
    EXPECT_THAT(view.lines[0].remarks, Contains("its root waits for n2 to be fenced"));
    EXPECT_EQ(view.lines[1].state, "fencing");
    EXPECT_EQ(view.lines[1].word, "fencing");
    EXPECT_FALSE(view.well);
}

TEST(View, TellsWhatARebootChangesAndWhoIsBehind) {
    Snapshot snapshot = three_booted();
    snapshot.heard.at("n1").report.reboot_changes = 1;
    snapshot.heard.at("n1").report.reboot_keys = "nodes[n1].nics[lan0].mtu";
    snapshot.heard.at("n2").report.generation = 6;
    const View view = seen(snapshot);
    EXPECT_EQ(view.lines[0].generation, "7*");
    EXPECT_THAT(view.lines[0].remarks, Contains("a reboot changes 1 key: nodes[n1].nics[lan0].mtu"));
    EXPECT_THAT(view.lines[1].remarks, Contains("goes by generation 6 of the description, 7 is the newest"));
    EXPECT_TRUE(view.well);  // neither is a fault
}

TEST(View, TellsAnOrderlyEndFromSilence) {
    Snapshot snapshot = three_booted();
    snapshot.heard.at("n2").report.state = State::left;
    snapshot.heard.at("n2").last = seconds(400);
    EXPECT_EQ(seen(snapshot).lines[1].state, "off, 10 min");
    EXPECT_EQ(seen(snapshot).lines[1].word, "off");
}

TEST(View, FitsIntoTheTerminalInPlainAscii) {
    Snapshot snapshot = three_booted();
    Report& n2 = snapshot.heard.at("n2").report;
    n2.serial = "a-serial-number-that-somebody-thought-would-be-good-to-have";
    n2.faults = 2;
    n2.fault = "gr\xc3\xbc\xc3\x9f " + std::string(200, 'x');
    snapshot.nodes.push_back("a-node-with-a-very-long-name-0123456789-0123456789");
    snapshot.unverified.push_back(
        {{.mac = "52:54:00:00:00:09", .stage = {.name = "bootstrap"}}, seconds(998), 0, "::1"});
    snapshot.dropped["garbage"] = 1'000'000;
    for (const size_t width : {60, 80, 200}) {
        const std::string text = to_text(seen(snapshot), width);
        EXPECT_THAT(lengths(text), Each(Le(std::max<size_t>(width, 60)))) << text;
        for (const char c : text) EXPECT_TRUE(c == '\n' || (c >= ' ' && c <= '~'));
        EXPECT_THAT(text, HasSubstr("1000000 garbage"));
        EXPECT_THAT(text, HasSubstr("unverified"));
    }
}

TEST(View, SaysThatNobodyCollectsAnyMore) {
    const View view = seen(three_booted(), seconds(1100));
    EXPECT_FALSE(view.well);
    EXPECT_THAT(view.notes, Contains(HasSubstr("100 s old")));
}

TEST(View, OfAnotherMachinesSnapshotIsAsOfItsWriting) {
    const View view = view_of(three_booted(), {seconds(5), "another"});
    EXPECT_TRUE(view.well);
    EXPECT_THAT(view.notes, IsEmpty());
}

TEST(View, IsJsonForPrograms) {
    Snapshot snapshot = three_booted();
    snapshot.heard.erase("n3");
    snapshot.unverified.push_back({{.mac = "52:54:00:00:00:09"}, seconds(998), 0, "10.0.0.9"});
    const Reader reader{seconds(1000), "b"};
    const auto json = nlohmann::json::parse(to_json(view_of(snapshot, reader), snapshot, reader));
    EXPECT_EQ(json["healthy"], false);
    EXPECT_EQ(json["nodes"][0]["report"]["votes"]["present"], 3);
    EXPECT_EQ(json["nodes"][2]["state"], "silent");
    EXPECT_FALSE(json["nodes"][2].contains("report"));
    EXPECT_EQ(json["unverified"][0]["report"]["mac"], "52:54:00:00:00:09");
}

}  // namespace
}  // namespace pando::report
