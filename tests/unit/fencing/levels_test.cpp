// SPDX-License-Identifier: GPL-2.0-or-later
#include "fencing/levels.h"
#include "tests/unit/fencing/fake_agents.h"

namespace pando::fencing {
namespace {

using testing::HasSubstr;
using Levels = FakeAgents;

constexpr LevelOptions quick{.with_delays = true, .patience = Milliseconds(300)};

TEST_F(Levels, PowerIsOffAndSeenToBeOffAndOnAgain) {
    const auto cut = cut_off(node({device("n2-bmc", good_agent())}), quick);
    ASSERT_TRUE(cut.done()) << cut.trouble();
    EXPECT_EQ(said(), "fence_good off\nfence_good status\n");
    const auto on = switch_on(cut);
    ASSERT_TRUE(on && on->ok);
    EXPECT_EQ(said(), "fence_good on\n");
}

TEST_F(Levels, ADeviceHasItsAttemptsBeforeTheNextHasItsTurn) {
    auto flaky = device("n2-bmc", agent("fence_flaky",
                                        "test $action = off || exit 2\necho x >>tries\n"
                                        "test $(wc -l <tries) -ge 3 || { echo busy >&2; exit 1; }"));
    flaky.attempts = 3;
    const auto cut = cut_off(node({flaky, device("n2-pdu", good_agent())}), quick);
    ASSERT_TRUE(cut.done());
    EXPECT_EQ(cut.device->name, "n2-bmc");
    std::filesystem::remove(tree() / "tries");
    said();
    flaky.attempts = 2;
    const auto next = cut_off(node({flaky, device("n2-pdu", good_agent())}), quick);
    ASSERT_TRUE(next.done());
    EXPECT_EQ(next.device->name, "n2-pdu");
    EXPECT_EQ(next.attempts.at(0).says, "status 1: busy");
    EXPECT_THAT(said(), HasSubstr("fence_flaky off\nfence_flaky metadata\nfence_flaky off\nfence_good off\n"));
}

TEST_F(Levels, WhatHangsIsEndedAndTheNextIsTried) {
    auto hangs = device("n2-bmc", agent("fence_hangs", "exec tail -f /dev/null"));
    hangs.timeout = Milliseconds(300);
    const Milliseconds begun = since_boot();
    const auto cut = cut_off(node({hangs, device("n2-pdu", good_agent())}), quick);
    ASSERT_TRUE(cut.done());
    EXPECT_EQ(cut.device->name, "n2-pdu");
    EXPECT_LT(since_boot() - begun, std::chrono::seconds(9)) << "nor is its metadata waited for";
}

TEST_F(Levels, ADeviceThatSaysOkAndDoesNothingIsNotBelieved) {
    auto liar = device("n2-bmc", agent("fence_liar", "exit 0"));  // status 0 of `status` is "on"
    liar.attempts = 2;
    const auto alone = cut_off(node({liar}), quick);
    EXPECT_FALSE(alone.done());
    EXPECT_THAT(alone.trouble(), HasSubstr("n2-bmc: on, though it said that it switched off"));
    const std::string asked = said();
    const size_t second = asked.rfind("fence_liar off");
    EXPECT_NE(second, asked.find("fence_liar off")) << "its second attempt";
    const auto cut = cut_off(node({liar, device("n2-pdu", good_agent())}), quick);
    ASSERT_TRUE(cut.done());
    EXPECT_EQ(cut.device->name, "n2-pdu");
}

TEST_F(Levels, ADeviceThatNeedsAMomentIsBelieved) {
    const auto slow = agent("fence_slow",
                            "case $action in off) : >looks ;; status) echo x >>looks; "
                            "test $(wc -l <looks) -lt 2 || exit 2 ;; esac");
    EXPECT_TRUE(cut_off(node({device("n2-bmc", slow)}), {.patience = std::chrono::seconds(20)}).done());
}

TEST_F(Levels, ADeviceThatCannotTellIsBelieved) {
    const auto mute = agent("fence_mute", "test $action = off");
    EXPECT_TRUE(cut_off(node({device("n2-bmc", mute)}), quick).done());
}

TEST_F(Levels, ThatItDoesNotComeOnAgainIsNoFailureOfTheFencing) {
    const auto cut = cut_off(node({device("n2-bmc", agent("fence_off",
                                                          "case $action in off) ;; status) exit 2 ;; "
                                                          "*) echo jammed >&2; exit 1 ;; esac"))}),
                             quick);
    ASSERT_TRUE(cut.done());
    const auto on = switch_on(cut);
    ASSERT_TRUE(on);
    EXPECT_FALSE(on->ok);
    EXPECT_THAT(on->says, HasSubstr("jammed"));
}

// Whoever fenced must not give it back: the node may run, and write.
TEST_F(Levels, StorageIsNeverGivenBackByWhoFenced) {
    auto scsi = device("n2-scsi", good_agent("fence_mine"));
    scsi.unfence = true;
    const auto cut = cut_off(node({scsi}), quick);
    ASSERT_TRUE(cut.done());
    EXPECT_FALSE(switch_on(cut));
    EXPECT_EQ(said(), "fence_mine off\nfence_mine status\n");
    EXPECT_EQ(way_of(device("x", "/usr/sbin/fence_scsi")), Way::cut) << "also when the description forgot it";
}

TEST_F(Levels, ANodeTakesItsStorageBackByTheDevicesThatCutIt) {
    auto scsi = device("n2-scsi", good_agent("fence_mine"));
    scsi.unfence = true;
    const auto done = unfence(node({device("n2-bmc", good_agent()), scsi}));
    EXPECT_TRUE(done.result);
    EXPECT_EQ(said(), "fence_mine on\n");
    scsi.agent = agent("fence_broken", "echo no registration >&2; exit 1");
    scsi.attempts = 2;
    const auto failed = unfence(node({scsi}));
    ASSERT_FALSE(failed.result);
    EXPECT_THAT(failed.result.error().what, HasSubstr("n2-scsi does not give node n2 its storage back"));
    EXPECT_EQ(said(), "fence_broken on\nfence_broken on\n");
}

TEST_F(Levels, AnAgentThatOnlyRebootsIsTakenAtItsWord) {
    const std::string body =
        "case $action in reboot) ;; metadata) echo '<action name=\"reboot\"/><action name=\"status\"/>' ;; *) exit 1 "
        ";; "
        "esac";
    const auto found = cut_off(node({device("n2-mine", agent("fence_mine", body))}), quick);
    ASSERT_TRUE(found.done()) << found.trouble();
    EXPECT_EQ(said(), "fence_mine off\nfence_mine metadata\nfence_mine reboot\n");
    EXPECT_FALSE(switch_on(found));
    auto declared = device("n2-mine", agent("fence_mine", body));
    declared.options["action"] = "reboot";
    EXPECT_TRUE(cut_off(node({declared}), quick).done());
    EXPECT_EQ(said(), "fence_mine reboot\n");
    EXPECT_EQ(way_of(device("x", "/usr/sbin/fence_sbd")), Way::reboot) << "off would need a person to switch it on";
}

TEST_F(Levels, OffAloneWhenTheOptionsSaySo) {
    auto stays = device("n2-bmc", good_agent());
    stays.options["action"] = "off";
    const auto cut = cut_off(node({stays}), quick);
    ASSERT_TRUE(cut.done());
    EXPECT_FALSE(switch_on(cut));
    EXPECT_THAT(read_file(tree() / "input").value_or(""), testing::StartsWith("action=off\naction=status\n"))
        << "one action, not two";
}

TEST_F(Levels, OfTwoNodesTheOneWithADelayLosesNoRace) {
    auto slow = device("n2-bmc", good_agent());
    slow.delay = Milliseconds(400);
    Milliseconds begun = since_boot();
    ASSERT_TRUE(cut_off(node({slow}), quick).done());
    EXPECT_GE(since_boot() - begun, Milliseconds(400));
    slow.delay = std::chrono::minutes(5);
    begun = since_boot();
    ASSERT_TRUE(cut_off(node({slow}), {.with_delays = false, .patience = Milliseconds(300)}).done());
    EXPECT_LT(since_boot() - begun, std::chrono::minutes(1));
}

TEST_F(Levels, ANodeWithoutDevicesIsNotFenced) {
    EXPECT_FALSE(cut_off(node({}), quick).done());
    EXPECT_EQ(cut_off(node({}), quick).trouble(), "it has no device");
}

TEST(Metadata, TellsActionsInEitherQuote) {
    EXPECT_EQ(has_action("<action name=\"off\"/>", "off"), true);
    EXPECT_EQ(has_action("<action name='off' on_target='1'/>", "off"), true);
    EXPECT_EQ(has_action("<action name=\"reboot\"/>", "off"), false);
    EXPECT_EQ(has_action("Usage: fence_mine", "off"), std::nullopt);
}

}  // namespace
}  // namespace pando::fencing
