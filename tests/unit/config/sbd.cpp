// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/sbd.h"

#include "config/show.h"
#include "tests/unit/config/sample.h"

#include <chrono>

namespace pando::test {
namespace {

using namespace config;
using namespace std::chrono_literals;
using testing::HasSubstr;

const std::string on = with("storage:", "storage:\n  sbd: true");

TEST(Sbd, OneLineGivesEveryNodeAMessageOnTheLunAsItsLastDevice) {
    const auto cluster = load(on);
    ASSERT_TRUE(cluster) << cluster.error().what;
    for (const Node& node : cluster->nodes) {
        ASSERT_EQ(node.fence.size(), 2U);
        const FenceDevice& device = node.fence.back();
        EXPECT_EQ(device.name, node.name + "-sbd");
        EXPECT_EQ(sbd_device(node), &device);
        EXPECT_EQ(sbd_slot(device), node.name);
        EXPECT_THAT(sbd_disks(device), testing::ElementsAre("/dev/pando-sbd"));
    }
    EXPECT_FALSE(uses_sbd(without_sbd(*cluster)));
    EXPECT_FALSE(uses_sbd(*load(sample)));
}

TEST(Sbd, WhatIsShownMeansTheSameWhenLoadedAgain) {
    const auto cluster = load(on);
    ASSERT_TRUE(cluster) << cluster.error().what;
    const auto again = load(show_yaml(*cluster));
    ASSERT_TRUE(again) << again.error().what;
    EXPECT_EQ(show_json(*again).dump(1), show_json(*cluster).dump(1));
}

TEST(Sbd, ItsTimesFollowTheWatchdogAndTheAgentOutlastsThem) {
    const auto cluster = load(with("boot:", "watchdog: {timeout: 45s}\nboot:", on));
    ASSERT_TRUE(cluster) << cluster.error().what;
    EXPECT_EQ(sbd_times(*cluster), (SbdTimes{45, 90}));
    const FenceDevice& device = cluster->nodes[0].fence.back();
    EXPECT_EQ(device.options.at("power_timeout"), "100");
    EXPECT_EQ(device.timeout, 110s);
}

TEST(Sbd, AShortTimeoutLeavesRoomForASlowRead) {
    Cluster cluster;
    cluster.watchdog.timeout = 6s;
    EXPECT_EQ(sbd_times(cluster), (SbdTimes{6, 16}));
}

TEST(Sbd, OneHeaderForAllNodesHasTheLongestTimeOfThoseThatAreFencedSo) {
    const std::string slow_card = with("    id: 2", "    id: 2\n    watchdog: {timeout: 50s}", on);
    const auto cluster = load(slow_card);
    ASSERT_TRUE(cluster) << cluster.error().what;
    EXPECT_EQ(sbd_times(*cluster), (SbdTimes{50, 100}));
    for (const Node& node : cluster->nodes) EXPECT_EQ(node.fence.back().options.at("power_timeout"), "110");
    EXPECT_EQ(cluster->storage_patience(), 50s);
    EXPECT_TRUE(changes_sbd(*load(on), *cluster));

    const auto quick = load(with("    id: 2", "    id: 2\n    watchdog: {timeout: 20s}", on));
    ASSERT_TRUE(quick) << quick.error().what;
    EXPECT_EQ(sbd_times(*quick), (SbdTimes{30, 60}));
}

TEST(Sbd, ANodeThatIsNotFencedSoHasNoSayInTheHeader) {
    auto cluster = *load(with("    id: 2", "    id: 2\n    watchdog: {timeout: 50s}", on));
    cluster.nodes[1].fence.pop_back();
    EXPECT_EQ(sbd_times(cluster), (SbdTimes{30, 60}));
}

TEST(Sbd, NoNodeOfItMayHaveItsWatchdogOff) {
    const auto said = complaints(with("    id: 2", "    id: 2\n    watchdog: {mode: off}", on));
    EXPECT_THAT(said, testing::AllOf(HasSubstr("reads no message"), HasSubstr("watchdog: {mode: off}")));
    EXPECT_TRUE(load(with("boot:", "watchdog: {mode: off}\nboot:",
                          with("    id: 1", "    id: 1\n    watchdog: {mode: required}",
                               with("    id: 2", "    id: 2\n    watchdog: {mode: required}", on)))));
}

TEST(Sbd, StorageThatIsSilentIsNoLongerBorneThanTheWatchdogAllows) {
    EXPECT_EQ(load(sample)->storage_patience(), 60s);
    EXPECT_EQ(load(on)->storage_patience(), 30s);
    EXPECT_EQ(load(with("boot:", "watchdog: {timeout: 90s}\nboot:", on))->storage_patience(), 60s);
    const auto said = complaints(with("storage:", "storage:\n  patience: 60s", on));
    EXPECT_THAT(said, HasSubstr("the node is reset after 30s, not 1m"));
}

TEST(Sbd, NeedsAWatchdog) {
    EXPECT_THAT(complaints(with("boot:", "watchdog: {mode: off}\nboot:", on)), HasSubstr("reads no message"));
    EXPECT_TRUE(load(with("boot:", "watchdog: {mode: softdog}\nboot:", on)));
}

TEST(Sbd, ADeviceOfOnesOwnKeepsWhatItSays) {
    const auto cluster = load(
        with("- {agent: fence_ipmilan, options: {ip: 10.0.0.101}}",
             "- {agent: fence_sbd, timeout: 3m, options: {devices: \"/dev/sdb,/dev/sdc,/dev/sdd\", plug: first}}"));
    ASSERT_TRUE(cluster) << cluster.error().what;
    const FenceDevice& device = cluster->nodes[0].fence[0];
    EXPECT_EQ(device.name, "n1-sbd");
    EXPECT_THAT(sbd_disks(device), testing::ElementsAre("/dev/sdb", "/dev/sdc", "/dev/sdd"));
    EXPECT_EQ(sbd_slot(device), "first");
    EXPECT_EQ(device.timeout, 180s);
    EXPECT_EQ(sbd_device(cluster->nodes[1]), nullptr);
}

TEST(Sbd, RefusesWhatWouldNotFence) {
    const auto own = [](const std::string& options) {
        return complaints(with("- {agent: fence_ipmilan, options: {ip: 10.0.0.101}}",
                               "- {agent: fence_sbd, options: {" + options + "}}", on));
    };
    EXPECT_THAT(own("devices: \"/dev/sdb,/dev/sdc\""), HasSubstr("one disk, or three"));
    EXPECT_THAT(own("power_timeout: 60"), HasSubstr("after msgwait, which is 60 s"));
    EXPECT_THAT(own("plug: n2"), HasSubstr("slot of sbd"));
}

TEST(Sbd, ItIsSwitchedOnOnlyWithAllNodesDown) {
    const Cluster off = *load(sample), with_sbd = *load(on);
    EXPECT_TRUE(changes_sbd(off, with_sbd));
    EXPECT_FALSE(changes_sbd(with_sbd, off));
    EXPECT_FALSE(changes_sbd(with_sbd, with_sbd));
    EXPECT_TRUE(changes_sbd(with_sbd, *load(with("boot:", "watchdog: {timeout: 45s}\nboot:", on))));
    Cluster grown = with_sbd;
    grown.nodes.push_back(grown.nodes.back());
    grown.nodes.back().name = "n3";
    EXPECT_FALSE(changes_sbd(with_sbd, grown));
}

}  // namespace
}  // namespace pando::test
