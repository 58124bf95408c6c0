// SPDX-License-Identifier: GPL-2.0-or-later
// Who may be stopped, in which order, and when a node is back.
#include "nodes/stop.h"

#include <gmock/gmock.h>

namespace pando::nodes {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Now of(uint32_t nodes, const std::vector<uint32_t>& members) {
    Now now;
    for (uint32_t id = 1; id <= nodes; ++id) now.cluster.nodes.push_back({.name = fmt::format("n{}", id), .id = id});
    now.quorum = initrd::Quorum{.quorate = true, .votes = 0, .needed = 2, .expected = 3, .members = members};
    return now;
}
using Names = std::vector<std::string>;

TEST(Stop, OneOfThreeMayReboot) {
    const auto plan = plan_stop(of(3, {1, 2, 3}), {.nodes = {"n2"}, .here = "n1"});
    ASSERT_TRUE(plan) << plan.error().what;
    EXPECT_THAT(plan->batches, ElementsAre(Names{"n2"}));
    EXPECT_EQ(plan->votes.text(), "3 of 3 votes now, 2 after, 2 needed");
}

TEST(Stop, AllAtOnceWouldFreezeTheRestAndRollingDoesNot) {
    const auto refused = plan_stop(of(3, {1, 2, 3}), {.nodes = {"n2", "n3"}, .here = "n1"});
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().what,
                HasSubstr("without n[2-3] the rest would freeze: 3 of 3 votes now, 1 after, 2 needed"));
    EXPECT_THAT(refused.error().advice, HasSubstr("--rolling"));
    EXPECT_TRUE(plan_stop(of(3, {1, 2, 3}), {.nodes = {"n2", "n3"}, .here = "n1", .lose_quorum = true}));
    const auto rolling = plan_stop(of(3, {1, 2, 3}), {.nodes = {"n1", "n2", "n3"}, .here = "n1", .rolling = true});
    ASSERT_TRUE(rolling) << rolling.error().what;
    EXPECT_THAT(rolling->batches, ElementsAre(Names{"n2"}, Names{"n3"}, Names{"n1"})) << "this node last";
    EXPECT_EQ(rolling->votes.after, 2U);
}

TEST(Stop, WithOneAwayNoneOfTheOthersMayRollEither) {
    const auto refused = plan_stop(of(3, {1, 2}), {.nodes = {"n1", "n2"}, .here = "n1", .rolling = true});
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().what, HasSubstr("without any of them the rest would freeze"));
    EXPECT_THAT(refused.error().advice, HasSubstr("--lose-quorum"));
}

TEST(Stop, SwitchedOffOneAfterTheOtherTheyAreAllOffInTheEnd) {
    EXPECT_FALSE(plan_stop(of(3, {1, 2, 3}), {.nodes = {"n2", "n3"}, .here = "n1", .reboot = false, .rolling = true}));
    const auto all =
        plan_stop(of(3, {1, 2, 3}), {.nodes = {"n1", "n2", "n3"}, .here = "n2", .reboot = false, .lose_quorum = true});
    ASSERT_TRUE(all) << all.error().what;
    EXPECT_THAT(all->batches, ElementsAre(Names{"n1", "n3", "n2"}));
}

TEST(Stop, WhoIsNotUpIsNamed) {
    const auto off = plan_stop(of(5, {1, 2, 3, 4}), {.nodes = {"n4", "n5"}, .here = "n1", .reboot = false});
    ASSERT_TRUE(off) << off.error().what;
    EXPECT_THAT(off->not_up, ElementsAre("n5"));
    EXPECT_THAT(off->batches, ElementsAre(Names{"n4"}));
    const auto reboot = plan_stop(of(5, {1, 2, 3, 4}), {.nodes = {"n4", "n5"}, .here = "n1"});
    ASSERT_FALSE(reboot);
    EXPECT_THAT(reboot.error().advice, HasSubstr("pando node on n5"));
    const auto none = plan_stop(of(3, {1, 2}), {.nodes = {"n3"}, .here = "n1", .reboot = false});
    ASSERT_TRUE(none);
    EXPECT_THAT(none->batches, IsEmpty());
    EXPECT_FALSE(plan_stop(of(3, {1, 2}), {.nodes = {"m3"}, .here = "n1"}));
}

TEST(Stop, OfTwoNodesOneMayGo) {
    EXPECT_TRUE(plan_stop(of(2, {1, 2}), {.nodes = {"n2"}, .here = "n1"}));
    EXPECT_TRUE(plan_stop(of(2, {1, 2}), {.nodes = {"n1", "n2"}, .here = "n1", .rolling = true}));
}

report::Snapshot heard(report::Report report, Milliseconds last) {
    report::Snapshot snapshot{.cluster = "grove", .generation = 7, .boot = "b", .written = seconds(1000)};
    snapshot.nodes = {"n2"};
    snapshot.heard["n2"] = {std::move(report), last, 0, "10.0.0.12"};
    return snapshot;
}

TEST(Back, IsANodeThatIsWellAndWasStartedAfterTheOrder) {
    report::Report well{.node = "n2", .state = report::State::booted, .up = 400};
    well.votes = report::Votes{true, 3, 3, 2};
    well.root = "mounted";
    // Its kernel started at 599: before the order at 700, and after one at 500.
    EXPECT_FALSE(is_back(heard(well, seconds(999)), "n2", seconds(700), seconds(1000), "b").is)
        << "it has not gone yet";
    EXPECT_TRUE(is_back(heard(well, seconds(999)), "n2", seconds(500), seconds(1000), "b").is);
    report::Report boots{.node = "n2", .state = report::State::booting, .up = 20};
    boots.stage = {.name = "join", .number = 9, .count = 12, .seconds = 4};
    boots.stage.waiting_for = "quorum";
    const auto not_yet = is_back(heard(boots, seconds(999)), "n2", seconds(700), seconds(1000), "b");
    EXPECT_FALSE(not_yet.is);
    EXPECT_EQ(not_yet.says, "join 9/12, 5 s: waits for quorum");
    well.up = 100;
    well.faults = 1;
    well.fault = "its fence device does not answer";
    const auto ill = is_back(heard(well, seconds(999)), "n2", seconds(700), seconds(1000), "b");
    EXPECT_FALSE(ill.is);
    EXPECT_THAT(ill.says, HasSubstr("fence device"));
    EXPECT_EQ(is_back(heard(well, seconds(999)), "n9", seconds(1), seconds(1000), "b").says, "nothing is heard of it");
}

}  // namespace
}  // namespace pando::nodes
