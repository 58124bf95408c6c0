// SPDX-License-Identifier: GPL-2.0-or-later
#include "nodes/doctor.h"

#include "tests/unit/config/sample.h"

namespace pando::test {
namespace {

using namespace nodes;
using testing::HasSubstr;

// A cluster in which nothing is wrong.
CheckUp healthy() {
    CheckUp facts;
    facts.cluster = load(sample).value();
    facts.fence = {{"n1", "n1-bmc", true, "on"}, {"n2", "n2-bmc", true, "on"}};
    Now now;
    now.cluster = facts.cluster;
    now.bundle = {"grove", 7, {{"authkey", "key"}}};
    now.quorum = initrd::Quorum{.quorate = true, .votes = 2, .needed = 1, .expected = 2, .members = {1, 2}};
    for (const uint32_t id : {1U, 2U}) {
        config::Claim claim;
        claim.id = id;
        claim.boot = std::to_string(id);
        claim.state = config::ClaimState::up;
        claim.generation = 7;
        claim.node = fmt::format("n{}", id);
        claim.time = 1'000'003;
        now.claims.push_back(claim);
        now.alive[claim.boot] = true;
    }
    facts.live = CheckUp::Live{.now = std::move(now),
                               .here = "n1",
                               .slots = {},
                               .newest = {},
                               .cmap = std::string("nodelist.node.0.name (str) = n1\n"
                                                   "nodelist.node.0.nodeid (u32) = 1\n"
                                                   "nodelist.node.0.ring0_addr (str) = 10.0.0.11\n"
                                                   "nodelist.node.1.name (str) = n2\n"
                                                   "nodelist.node.1.nodeid (u32) = 2\n"
                                                   "nodelist.node.1.ring0_addr (str) = 10.0.0.12\n"
                                                   "pando.fingerprint (str) = 0123\n"),
                               .corosync = std::string("totem {\n}\n\npando {\n    fingerprint: 0123\n}\n"),
                               .authkey = std::string("key"),
                               .journals = 2U,
                               .lock_table = std::string("grove:root"),
                               .link = {},
                               .bonds = {},
                               .time = 1'000'000,
                               .faults = {}};
    return facts;
}

// What is not in order, a line each: "FAULT fencing: …".
std::vector<std::string> troubles(const CheckUp& facts) {
    std::vector<std::string> lines;
    for (const Finding& finding : examine(facts)) {
        if (finding.grade == Grade::good) continue;
        lines.push_back(fmt::format("{} {}: {}", name_of(finding.grade), finding.subject, finding.says));
        EXPECT_FALSE(finding.advice.empty()) << lines.back();
    }
    return lines;
}

void expect_one(const CheckUp& facts, const std::string& text) {
    const auto lines = troubles(facts);
    ASSERT_EQ(lines.size(), 1U) << text << "\n" << to_text(examine(facts));
    EXPECT_THAT(lines[0], HasSubstr(text));
}

TEST(Doctor, FindsNothingWrongWithAHealthyCluster) {
    const auto findings = examine(healthy());
    ASSERT_EQ(findings.size(), 7U) << to_text(findings);
    EXPECT_TRUE(troubles(healthy()).empty());
    EXPECT_THAT(to_text(findings), HasSubstr("ok       fencing      2 devices of 2 nodes answer"));
}

TEST(Doctor, WarnsOfAClusterThatNoWatchdogGuards) {
    CheckUp facts = healthy();
    EXPECT_THAT(to_text(examine(facts)), HasSubstr("mode if-present, 30 s"));
    facts.cluster.watchdog.mode = "required";
    EXPECT_TRUE(troubles(facts).empty());
    facts.cluster.watchdog.mode = "off";
    expect_one(facts, "warning watchdog: watchdog.mode is off");
    facts.cluster.watchdog.mode = "softdog";
    expect_one(facts, "warning watchdog: watchdog.mode is softdog");
}

TEST(Doctor, NamesTheNodesThatHaveAnotherWatchdogThanTheOthers) {
    CheckUp facts = healthy();
    facts.cluster.nodes[1].watchdog = config::NodeWatchdog{};
    facts.cluster.nodes[1].watchdog->timeout = std::chrono::seconds(60);
    EXPECT_THAT(to_text(examine(facts)), HasSubstr("mode if-present, 30 s or mode if-present, 60 s, longer than"));
    facts.cluster.nodes[1].watchdog->mode = "softdog";
    expect_one(facts, "warning watchdog: watchdog.mode is softdog on n2, which dies");
}

TEST(Doctor, ASilentDeviceIsAFaultAndOnesOwnAWarning) {
    CheckUp facts = healthy();
    facts.fence[1] = {"n2", "n2-bmc", false, "no route to host"};
    expect_one(facts, "FAULT fencing: n2-bmc of node n2: no route to host");
    facts = healthy();
    facts.fence[0] = {"n1", "n1-bmc", false, "no route to host"};
    expect_one(facts, "warning fencing: n1-bmc of node n1");
}

TEST(Doctor, ADeviceThatCallsALivingNodeOffIsAnotherMachines) {
    CheckUp facts = healthy();
    facts.fence[1].says = "off";
    expect_one(facts, "FAULT fencing: n2-bmc of node n2: off, and n2 is up");
    facts.live->now.quorum->members = {1};
    EXPECT_TRUE(troubles(facts).empty()) << "a node that is off may be called so";
}

TEST(Doctor, ANodeWithoutADeviceIsAFault) {
    CheckUp facts = healthy();
    facts.cluster.nodes[1].fence.clear();
    expect_one(facts, "FAULT fencing: node n2 has no fence device");
}

TEST(Doctor, QuorumThatIsNotTheDescriptionsIsAFault) {
    CheckUp facts = healthy();
    facts.live->now.quorum->expected = 3;
    expect_one(facts, "FAULT quorum: corosync expects 3 votes, the description has 2 nodes");
    facts = healthy();
    facts.live->cmap = with("10.0.0.12", "10.0.0.13", *facts.live->cmap);
    expect_one(facts, "another node list");
    facts = healthy();
    facts.live->corosync = with("0123", "4567", *facts.live->corosync);
    expect_one(facts, "has not read its file");
    facts = healthy();
    facts.live->corosync = fail("no such file");
    expect_one(facts, "FAULT quorum: no such file");
    facts = healthy();
    facts.live->now.quorum.reset();
    expect_one(facts, "FAULT quorum: corosync does not answer");
    facts = healthy();
    facts.live->now.quorum->quorate = false;
    expect_one(facts, "FAULT quorum: 2 of 2 votes");
}

TEST(Doctor, WhatTheDescriptionOnTheLunLacksIsSaid) {
    CheckUp facts = healthy();
    facts.live->slots = {"slot 1 of /dev/sda1: torn"};
    expect_one(facts, "warning description: slot 1 of /dev/sda1: torn");
    EXPECT_THAT(to_text(examine(facts)), HasSubstr("the other copy is the newest"));
    facts.live->newest = fail("the newest is generation 4, and n1 goes by generation 7").advise("on n1: --rescue");
    const auto lost = troubles(facts);
    ASSERT_EQ(lost.size(), 2U) << to_text(examine(facts));
    EXPECT_THAT(lost[0], HasSubstr("FAULT description: the newest is generation 4, and n1 goes by generation 7"));
    EXPECT_THAT(lost[1], HasSubstr("warning description: slot 1 of /dev/sda1: torn"));
    EXPECT_THAT(to_text(examine(facts)), testing::Not(HasSubstr("next pando bundle write")));
    facts = healthy();
    facts.live->now.claims[1].generation = 5;
    expect_one(facts, "warning description: n2 goes by generation 5, the newest is 7");
    facts = healthy();
    facts.live->authkey = std::string("another");
    expect_one(facts, "warning description: corosync here has another key");
}

TEST(Doctor, ARootThatNotEveryNodeCanMountIsAFault) {
    CheckUp facts = healthy();
    facts.live->journals = 1U;
    expect_one(facts, "FAULT root: 1 journals for 2 nodes");
    facts = healthy();
    facts.live->lock_table = std::string("orchard:root");
    expect_one(facts, "FAULT root: its lock table is orchard:root, not grove:root");
}

TEST(Doctor, FaultsOfTheNodeAreItsOwn) {
    CheckUp facts = healthy();
    facts.live->faults = {"pando-follow does not run"};
    expect_one(facts, "FAULT node: n1: pando-follow does not run");
}

TEST(Doctor, ALinkThatDropsLargePacketsIsAFaultAnIdlePortOrAWrongClockAWarning) {
    CheckUp facts = healthy();
    facts.live->link = {"n2 at 10.0.0.12 answers small packets, and none of 9000 bytes"};
    expect_one(facts, "FAULT link: n2 at 10.0.0.12 answers small packets");
    facts = healthy();
    facts.live->bonds = {"bond1: its port port2 has no link"};
    expect_one(facts, "warning link: bond1: its port port2 has no link");
    facts = healthy();
    facts.live->now.claims[1].time = 1'003'600;
    expect_one(facts, "warning link: this machine's clock is 3600 s behind that of n2");
    facts.live->now.claims[1].time = 0;  // an older Pando does not say it
    EXPECT_TRUE(troubles(facts).empty());
    facts.live->now.claims[1].time = 999'900;
    expect_one(facts, "100 s ahead of that of n2");
}

TEST(Doctor, OfADescriptionOnlyWhatItSaysAndTheDevicesAreAsked) {
    CheckUp facts = healthy();
    facts.live.reset();
    EXPECT_EQ(examine(facts).size(), 2U) << "fencing and watchdog";
    facts.fence[0].says = "off";
    EXPECT_TRUE(troubles(facts).empty()) << "nobody runs yet";
    facts.fence[0] = {"n1", "n1-bmc", false, "wrong password"};
    expect_one(facts, "FAULT fencing: n1-bmc of node n1: wrong password");
}

}  // namespace
}  // namespace pando::test
