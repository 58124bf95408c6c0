// SPDX-License-Identifier: GPL-2.0-or-later
#include "nodes/outage.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>
#include "base/file.h"
#include "base/utc.h"
#include "nodes/kept_traces.h"

namespace pando::test {
namespace {

using namespace nodes;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using Change = MembershipChange::Kind;
using Kind = Outage::Kind;

constexpr int64_t noon = 1795435200000;  // 2026-11-23T12:00:00Z

MembershipChange change(Change kind, int seconds, std::vector<uint32_t> ids) {
    return {kind, noon + seconds * 1000, std::move(ids), "as corosync has it"};
}

fencing::Record fencing_of(const std::string& node, int seconds, bool ok = true) {
    fencing::Record record{.when = utc(noon / 1000 + seconds), .kind = "fence", .node = node, .id = 2};
    record.here = "n1";
    record.by = "dlm_controld";
    record.ok = ok;
    record.device = node + "-bmc";
    record.says = ok ? "" : "connection timed out";
    record.seconds = 3;
    return record;
}

// n2 is silent from noon, and back a minute later.
Seen power_cut() {
    Seen seen{.node = "n2", .id = 2, .here = "n1", .now = noon + 600000};
    seen.changes = {change(Change::link_down, -11, {2}), change(Change::silent, -9, {}),
                    change(Change::left, 0, {2}),        change(Change::failed, 0, {2}),
                    change(Change::left, 5, {3}),        change(Change::joined, 60, {2})};
    seen.fencings = {fencing_of("n3", 2), fencing_of("n2", 4)};
    return seen;
}

std::vector<std::string> sources_of(const Outage& outage) {
    std::vector<std::string> sources;
    for (const Sight& sight : outage.sights) sources.push_back(sight.source);
    return sources;
}

}  // namespace

TEST(Outage, OfANodeThatFellSilentHasItsStoryInOrder) {
    const auto outages = find_outages(power_cut());
    ASSERT_THAT(outages, SizeIs(1));
    const Outage& outage = outages[0];
    EXPECT_EQ(outage.kind, Kind::fell_silent);
    EXPECT_TRUE(outage.fenced);
    EXPECT_EQ(*outage.end - outage.begin, 60000);
    EXPECT_THAT(sources_of(outage),
                ElementsAre("corosync", "corosync", "corosync", "corosync", "fence_pando", "corosync"));
    EXPECT_THAT(
        to_text(outage),
        AllOf(HasSubstr("n2: away for 60 s, from 2026-11-23T12:00:00Z to 2026-11-23T12:01:00Z"),
              HasSubstr("why: nobody heard from it any more"),
              HasSubstr("12:00:04.000  n1  fence_pando: n2 was fenced by n2-bmc in 3.0 s"), Not(HasSubstr("n3-bmc"))));
}

TEST(Outage, OfANodeThatLeftInOrderIsNoMystery) {
    Seen seen = power_cut();
    seen.changes = {change(Change::leaving, -1, {2}), change(Change::left, 0, {2})};
    seen.fencings.clear();
    const auto outages = find_outages(seen);
    ASSERT_THAT(outages, SizeIs(1));
    EXPECT_EQ(outages[0].kind, Kind::orderly);
    EXPECT_FALSE(outages[0].end);
    EXPECT_THAT(to_text(outages[0]), AllOf(HasSubstr("n2: away since 2026-11-23T12:00:00Z"), HasSubstr("in order")));
}

TEST(Outage, TheLogThatANodeLeftSaysWhy) {
    Seen seen = power_cut();
    seen.left_logs = {{noon - 86400000, "its kernel panicked: long ago"},
                      {noon - 12000, "this machine reset itself: iscsid (process 7) has ended"}};
    const auto outages = find_outages(seen);
    ASSERT_THAT(outages, SizeIs(2));
    EXPECT_EQ(outages[0].kind, Kind::panicked);
    EXPECT_FALSE(outages[0].known_by_members);
    EXPECT_THAT(to_text(outages[0]), HasSubstr("until when is not known"));
    EXPECT_EQ(outages[1].kind, Kind::reset);
    EXPECT_EQ(outages[1].why, "this machine reset itself: iscsid (process 7) has ended");
    EXPECT_THAT(outages[1].advice, HasSubstr("/var/log/pando/end-"));
}

TEST(Outage, AFencingThatFailedIsNamed) {
    Seen seen = power_cut();
    seen.fencings = {fencing_of("n2", 4, false)};
    const auto outages = find_outages(seen);
    ASSERT_THAT(outages, SizeIs(1));
    EXPECT_THAT(outages[0].why, HasSubstr("could not be fenced"));
    EXPECT_THAT(outages[0].advice, HasSubstr("pando fence test"));
    EXPECT_THAT(to_text(outages[0]), HasSubstr("connection timed out"));
}

TEST(Outage, APersonsFencingIsToldAsSuch) {
    Seen seen = power_cut();
    fencing::Record record = fencing_of("n2", -10);
    record.reason = "it answers nobody";
    for (const char* by : {"root on n1", "alice on n1", "somebody in the chroot of n1"}) {
        record.by = by;
        seen.fencings = {record, fencing_of("n2", 4)};
        const auto outages = find_outages(seen);
        ASSERT_THAT(outages, SizeIs(1));
        EXPECT_EQ(outages[0].kind, Kind::by_person) << by;
        EXPECT_THAT(to_text(outages[0]), HasSubstr("it answers nobody"));
    }
}

// This node's corosync.log begins with its own boot: the others' fencings still tell.
TEST(Outage, ThatCorosyncDoesNotKnowIsToldByTheFencing) {
    Seen seen = power_cut();
    seen.changes.clear();
    const auto outages = find_outages(seen);
    ASSERT_THAT(outages, SizeIs(1));
    EXPECT_FALSE(outages[0].known_by_members);
    EXPECT_TRUE(outages[0].fenced);
}

TEST(Outage, SeveralAreKeptApart) {
    Seen seen = power_cut();
    for (const int seconds : {300, 301}) seen.changes.push_back(change(Change::left, seconds, {2}));
    const auto outages = find_outages(seen);
    ASSERT_THAT(outages, SizeIs(2));
    EXPECT_EQ(outages[1].begin, noon + 300000);
    EXPECT_THAT(find_outages(Seen{.node = "n9", .id = 9, .here = "n1", .now = noon}), IsEmpty());
    const auto json = nlohmann::json::parse(to_json(outages));
    EXPECT_EQ(json[0]["seconds"], 60.0);
    EXPECT_FALSE(json[1].contains("end"));
    EXPECT_EQ(json[0]["events"][0]["at"], "2026-11-23T11:59:49.000Z");
}

TEST(KeptTraces, AreReadFromTheNodesTrees) {
    const auto place = TemporaryDirectory::create(std::filesystem::temp_directory_path(), "pando-traces");
    ASSERT_TRUE(place);
    const auto write = [&](const std::string& name, const std::string& text) {
        const auto file = place->path() / ".pando/nodes" / name;
        EXPECT_TRUE(make_directories(file.parent_path(), 0700));
        EXPECT_TRUE(write_file_atomic(file, text, 0600));
    };
    write("n2/var/log/pando/end-20261123T120000Z.log", "its kernel panicked: test\nthe log\n");
    write("n2/var/log/pando/end-today.log", "not ours\n");
    write("n2/var/log/pando/fence.jsonl", fencing::to_line(fencing_of("n3", 9)) + "\n");
    write("n1/var/log/pando/fence.jsonl", fencing::to_line(fencing_of("n2", 4)) + "\n");
    const auto logs = left_logs_of(place->path(), "n2");
    ASSERT_THAT(logs, SizeIs(1));
    EXPECT_EQ(logs[0].at, noon);
    EXPECT_EQ(logs[0].reason, "its kernel panicked: test");
    EXPECT_THAT(left_logs_of(place->path(), "n1"), IsEmpty());
    const auto lines = fence_history_of_all(place->path());
    ASSERT_TRUE(lines);
    ASSERT_THAT(*lines, SizeIs(2));
    EXPECT_THAT((*lines)[0], HasSubstr("n2-bmc"));
    EXPECT_THAT(last_words_of(place->path(), "n2", noon, 5), IsEmpty()) << "it keeps no journal";
}

}  // namespace pando::test
