// SPDX-License-Identifier: GPL-2.0-or-later
#include "fencing/history.h"
#include "base/file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pando::fencing {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

class History : public testing::Test {
protected:
    void SetUp() override {
        auto made = TemporaryDirectory::create(fs::temp_directory_path(), "pando-history");
        ASSERT_TRUE(made);
        place.emplace(std::move(*made));
        file = place->path() / "fence.jsonl";
    }
    static std::string line(const std::string& node) {
        Record record;
        record.when = "2026-01-01T00:00:00Z";
        record.kind = "fence";
        record.node = node;
        return to_line(record);
    }
    std::optional<TemporaryDirectory> place;
    fs::path file;
};

TEST_F(History, WhatIsWrittenIsRead) {
    Record record;
    record.kind = "fence";
    record.node = "n2";
    record.id = 2;
    record.here = "n1";
    record.by = "root on n1";
    record.reason = "it smokes\nreally";
    record.ok = true;
    record.device = "n2-pdu";
    record.seconds = 2.5;
    record.attempts = {{"n2-bmc", "off", false, "status 1: no \xff route", 1.25}};
    ASSERT_TRUE(append_record(file, record));
    const auto lines = read_lines(file);
    ASSERT_EQ(lines.size(), 1U);
    const auto read = record_of(lines[0]);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->reason, record.reason);
    EXPECT_EQ(read->id, 2U);
    EXPECT_EQ(read->seconds, 2.5);
    ASSERT_EQ(read->attempts.size(), 1U);
    EXPECT_THAT(read->attempts[0].says, HasSubstr("no")) << "agents may say what is no UTF-8";
    EXPECT_THAT(read->when, testing::MatchesRegex("20..-..-..T..:..:..Z"));
    EXPECT_THAT(to_text(lines), HasSubstr("n2 was fenced by n2-pdu in 2.5 s"));
    EXPECT_THAT(to_text(lines), HasSubstr("n2-bmc off: failed"));
}

TEST_F(History, IsBoundedAndKeepsOneOlderFile) {
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(append_lines(file, {line(fmt::format("n{}", i))}, 2000));
    EXPECT_LT(fs::file_size(file) + fs::file_size(file.string() + ".1"), 2 * 2200U);
    const auto lines = read_lines(file);
    EXPECT_GT(lines.size(), 10U);
    EXPECT_EQ(lines.back(), line("n99")) << "the newest comes last";
    EXPECT_EQ(std::distance(fs::directory_iterator(place->path()), {}), 2);
}

TEST_F(History, ALineThatAPowerCutToreIsNoRecordAndSpoilsNoOther) {
    ASSERT_TRUE(append_lines(file, {line("n1")}, disk_limit));
    const std::string torn = *read_file(file) + line("n2").substr(0, 30);
    ASSERT_TRUE(write_file_atomic(file, torn));
    EXPECT_THAT(read_lines(file), ElementsAre(line("n1")));
    ASSERT_TRUE(append_lines(file, {line("n3")}, disk_limit));
    EXPECT_THAT(read_lines(file), ElementsAre(line("n1"), line("n3")));
}

TEST_F(History, IsTakenOverOnceAndInOrder) {
    const fs::path disk = place->path() / "disk.jsonl";
    ASSERT_TRUE(append_lines(file, {line("n1"), line("n2")}, memory_limit));
    EXPECT_EQ(take_over_lines(file, disk).value_or(9), 2U);
    EXPECT_EQ(take_over_lines(file, disk).value_or(9), 0U);
    ASSERT_TRUE(append_lines(file, {line("n3")}, memory_limit));
    EXPECT_EQ(take_over_lines(file, disk).value_or(9), 1U);
    EXPECT_THAT(read_lines(disk), ElementsAre(line("n1"), line("n2"), line("n3")));
}

TEST_F(History, NothingYetIsNoError) { EXPECT_TRUE(read_lines(file).empty()); }

}  // namespace
}  // namespace pando::fencing
