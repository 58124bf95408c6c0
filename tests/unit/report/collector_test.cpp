// SPDX-License-Identifier: GPL-2.0-or-later
// A collector believes the newest word of each node, whatever else is sent, and its memory does not grow.
#include "report/collector.h"

#include "base/file.h"
#include "tests/unit/report/sample_plan.h"

#include <chrono>

namespace pando::report {
namespace {

using std::chrono::seconds;
using test::booted;
using test::packet_of;
using test::sample_plan;
using test::wall;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;

constexpr uint64_t a_second = 1000;
const Key ours = sample_plan().key;

std::string signed_by_us(const Packet& packet) { return encode(packet, &ours); }

Now at(int64_t second) { return {seconds(1000 + second), wall + static_cast<uint64_t>(second) * a_second}; }

TEST(Collector, KeepsTheLastWordOfEachNode) {
    Collector collector(sample_plan());
    collector.take(signed_by_us(packet_of(booted("n1"), 'a', 1)), "10.0.0.11", at(0));
    Report later = booted("n1");
    later.root = "frozen";
    collector.take(signed_by_us(packet_of(later, 'a', 2, wall + 2000)), "10.0.0.11", at(2));
    const Snapshot snapshot = collector.snapshot(at(3).up);
    EXPECT_THAT(snapshot.nodes, ElementsAre("n1", "n2", "n3"));
    ASSERT_THAT(snapshot.heard, SizeIs(1));
    EXPECT_EQ(snapshot.heard.at("n1").report.root, "frozen");
    EXPECT_EQ(snapshot.heard.at("n1").last, at(2).up);
    EXPECT_EQ(snapshot.heard.at("n1").clock_off, 0);
    EXPECT_THAT(snapshot.dropped, IsEmpty());
}

TEST(Collector, TakesNoPacketTwiceAndNoOlderOne) {
    Collector collector(sample_plan());
    const std::string first = signed_by_us(packet_of(booted("n1"), 'a', 1));
    collector.take(first, "10.0.0.11", at(0));
    collector.take(signed_by_us(packet_of(booted("n1"), 'a', 5, wall + 1000)), "10.0.0.11", at(1));
    collector.take(first, "10.0.0.66", at(2));
    collector.take(signed_by_us(packet_of(booted("n1"), 'a', 5, wall + 2000)), "10.0.0.66", at(2));
    EXPECT_THAT(collector.snapshot(at(3).up).dropped, ElementsAre(Pair("replayed", 2U)));
    EXPECT_EQ(collector.snapshot(at(3).up).heard.at("n1").last, at(1).up);
}

TEST(Collector, TakesNoBootThatIsOver) {
    Collector collector(sample_plan());
    collector.take(signed_by_us(packet_of(booted("n1"), 'a', 1)), "10.0.0.11", at(0));
    collector.take(signed_by_us(packet_of(booted("n1"), 'b', 1, wall + 60'000)), "10.0.0.11", at(60));
    // An hour later, with the node silent, somebody sends what was kept of the first boot.
    collector.take(signed_by_us(packet_of(booted("n1"), 'a', 900, wall + 30'000)), "10.0.0.66", at(3600));
    EXPECT_THAT(collector.snapshot(at(3600).up).dropped, ElementsAre(Pair("replayed", 1U)));
    EXPECT_EQ(collector.snapshot(at(3600).up).heard.at("n1").last, at(60).up);
}

// A switch's port is dead for a minute, and somebody sends a recording of a boot that this collector never saw.
TEST(Collector, ANodeThatWasNotHeardIsHeardAgainAfterADoubtfulBoot) {
    Collector collector(sample_plan());
    const uint64_t last_year = wall - 365ULL * 86400 * 1000;
    collector.take(signed_by_us(packet_of(booted("n1"), 'a', 1)), "10.0.0.11", at(0));
    collector.take(signed_by_us(packet_of(booted("n1"), 'x', 1, last_year)), "10.0.0.66", at(60));
    collector.take(signed_by_us(packet_of(booted("n1"), 'a', 30, wall + 62'000)), "10.0.0.11", at(62));
    EXPECT_THAT(collector.snapshot(at(62).up).dropped, IsEmpty());
    EXPECT_EQ(collector.snapshot(at(62).up).heard.at("n1").clock_off, 0);
    EXPECT_EQ(collector.snapshot(at(62).up).heard.at("n1").last, at(62).up);
}

// A boot that this collector never saw, of last year: a recording, or a machine whose clock has lost its battery.
TEST(Collector, ShowsADoubtfulClockAndNeverInPlaceOfFreshNews) {
    Collector collector(sample_plan());
    const uint64_t last_year = wall - 365ULL * 86400 * 1000;
    collector.take(signed_by_us(packet_of(booted("n1"), 'a', 1)), "10.0.0.11", at(0));
    collector.take(signed_by_us(packet_of(booted("n1"), 'x', 1, last_year)), "10.0.0.66", at(5));
    EXPECT_EQ(collector.snapshot(at(5).up).dropped.at("replayed"), 1U);
    EXPECT_EQ(collector.snapshot(at(5).up).heard.at("n1").clock_off, 0);
    collector.take(signed_by_us(packet_of(booted("n1"), 'x', 2, last_year)), "10.0.0.66", at(60));
    EXPECT_EQ(collector.snapshot(at(60).up).heard.at("n1").clock_off, 365 * 86400 + 60);
    // The next boot, with its clock set, is believed at once.
    collector.take(signed_by_us(packet_of(booted("n1"), 'c', 1, wall + 61'000)), "10.0.0.11", at(61));
    EXPECT_EQ(collector.snapshot(at(61).up).heard.at("n1").clock_off, 0);
}

TEST(Collector, CountsGarbageForgeriesAndOtherClusters) {
    Collector collector(sample_plan());
    const Key others = sample_plan(std::string(128, 'x')).key;
    Key forger = others;
    forger.mark = ours.mark;
    collector.take("hello", "10.0.0.66", at(0));
    collector.take(encode(packet_of(booted("n1"), 'a', 1), &others), "10.0.0.66", at(0));
    collector.take(encode(packet_of(booted("n1"), 'a', 1), &forger), "10.0.0.66", at(0));
    collector.take(signed_by_us(packet_of(booted("n9"), 'a', 1)), "10.0.0.19", at(0));
    EXPECT_THAT(collector.snapshot(at(0).up).heard, IsEmpty());
    EXPECT_THAT(collector.snapshot(at(0).up).dropped, ElementsAre(Pair("forged", 1U), Pair("garbage", 1U),
                                                                  Pair("other_cluster", 1U), Pair("unknown_node", 1U)));
}

// One that says it is a node is still none.
TEST(Collector, KeepsMachinesWithoutAKeyApart) {
    Collector collector(sample_plan());
    collector.take(encode(packet_of(booted("n1"), 'a', 1), nullptr), "10.0.0.66", at(0));
    const Snapshot snapshot = collector.snapshot(at(0).up);
    EXPECT_THAT(snapshot.heard, IsEmpty());
    ASSERT_THAT(snapshot.unverified, SizeIs(1));
    EXPECT_EQ(snapshot.unverified[0].from, "10.0.0.66");
    // The same machine with its key.
    collector.take(signed_by_us(packet_of(booted("n1"), 'a', 2)), "10.0.0.11", at(1));
    EXPECT_THAT(collector.snapshot(at(1).up).unverified, IsEmpty());
}

TEST(Collector, DoesNotGrowWhoeverSends) {
    Collector collector(sample_plan());
    for (int i = 0; i < 100'000; ++i) {
        const std::string mac = fmt::format("52:54:00:{:02x}:{:02x}:{:02x}", i >> 16, (i >> 8) & 255, i & 255);
        collector.take(encode(packet_of({.mac = mac}, 'a', 1), nullptr), "10.0.0.66", at(i / 1000));
    }
    const Snapshot snapshot = collector.snapshot(at(100).up);
    EXPECT_THAT(snapshot.unverified, SizeIs(most_unverified));
    EXPECT_EQ(snapshot.dropped.at("too_many_unverified"), 100'000 - most_unverified);
    EXPECT_LT(to_text(snapshot).size(), 10'000U);
    // They are forgotten in the end.
    collector.take(encode(packet_of({.mac = "52:54:00:00:00:09"}, 'a', 1), nullptr), "10.0.0.19", at(8000));
    EXPECT_THAT(collector.snapshot(at(8000).up).unverified, SizeIs(1));
}

TEST(Collector, ForgetsNodesThatTheDescriptionHasNoMore) {
    Collector collector(sample_plan());
    collector.take(signed_by_us(packet_of(booted("n3"), 'a', 1)), "10.0.0.13", at(0));
    Plan smaller = sample_plan();
    smaller.nodes.pop_back();
    collector.go_by(smaller);
    EXPECT_THAT(collector.snapshot(at(1).up).heard, IsEmpty());
    EXPECT_THAT(collector.snapshot(at(1).up).nodes, ElementsAre("n1", "n2"));
}

TEST(Snapshot, ComesBackAsItWas) {
    Collector collector(sample_plan(), "boot");
    collector.take(signed_by_us(packet_of(booted("n1"), 'a', 1)), "10.0.0.11", at(0));
    collector.take(encode(packet_of({.mac = "52:54:00:00:00:09"}, 'a', 1), nullptr), "10.0.0.19", at(1));
    collector.take("hello", "10.0.0.66", at(1));
    const std::string text = to_text(collector.snapshot(at(2).up));
    const auto read = snapshot_of(text);
    ASSERT_TRUE(read) << read.error().what;
    EXPECT_EQ(to_text(*read), text);
    EXPECT_FALSE(snapshot_of("{}"));
    EXPECT_FALSE(snapshot_of(text.substr(0, text.size() / 2)));
}

TEST(Plan, IsKeptWithItsKeyForRootAlone) {
    const auto directory = TemporaryDirectory::create("/tmp", "pando-report");
    ASSERT_TRUE(directory);
    const auto file = directory->path() / "plan.json";
    Plan plan = sample_plan();
    plan.reboot_keys = {"corosync.mtu"};
    ASSERT_TRUE(save(plan, file));
    EXPECT_EQ(std::filesystem::status(file).permissions(), std::filesystem::perms(0600));
    const auto read = load_plan(file);
    ASSERT_TRUE(read) << read.error().what;
    EXPECT_EQ(read->key.secret, plan.key.secret);
    EXPECT_EQ(read->key.mark, plan.key.mark);
    EXPECT_THAT(read->reboot_keys, ElementsAre("corosync.mtu"));
    EXPECT_THAT(read->receivers("n2"), ElementsAre("10.0.0.1", "10.0.0.11", "10.0.0.13"));
    EXPECT_FALSE(load_plan(directory->path() / "none"));
}

}  // namespace
}  // namespace pando::report
