// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/kept_boots.h"

#include "base/file.h"

#include <gmock/gmock.h>
#include <fstream>
#include <optional>

namespace pando::test {
namespace {

using namespace initrd;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class KeptBoots : public testing::Test {
protected:
    void SetUp() override {
        auto made = TemporaryDirectory::create("/tmp", "boots");
        ASSERT_TRUE(made);
        directory_.emplace(std::move(*made));
        timeline_.node = "n1";
        timeline_.cluster = "grove";
        timeline_.stages = {{"storage", 1, 4, "failed", 1, "", "no LUN \xff", ""},
                            {"storage", 7, 9, "ok", 2, "/dev/sda3", "", ""}};
    }

    std::filesystem::path boots() const { return directory_->path() / "boots"; }

    Timeline timeline_{"/nowhere"};

private:
    std::optional<TemporaryDirectory> directory_;
};

}  // namespace

TEST_F(KeptBoots, WhatWasKeptIsRead) {
    ASSERT_TRUE(keep_boot(boots(), timeline_, {"id-1", "2026-11-23T12:00:00Z", "6.1.0", 12}));
    const auto kept = read_kept_boots(boots());
    EXPECT_THAT(kept.unreadable, IsEmpty());
    ASSERT_THAT(kept.boots, SizeIs(1));
    const KeptBoot& boot = kept.boots.front();
    EXPECT_EQ(boot.number, 1U);
    EXPECT_EQ(boot.which.id, "id-1");
    EXPECT_EQ(boot.which.when, "2026-11-23T12:00:00Z");
    EXPECT_EQ(boot.which.kernel, "6.1.0");
    EXPECT_EQ(boot.which.generation, 12U);
    EXPECT_EQ(boot.timeline.node, "n1");
    ASSERT_THAT(boot.timeline.stages, SizeIs(2));
    EXPECT_EQ(boot.timeline.stages[0].result, "failed");
    EXPECT_EQ(boot.timeline.stages[1].attempt, 2U);
    EXPECT_EQ(boot.timeline.stages[1].end, 9);
}

TEST_F(KeptBoots, ABootIsKeptOnce) {
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(keep_boot(boots(), timeline_, {"same", "2026-11-23T12:00:00Z", "6.1", 1}));
    EXPECT_THAT(read_kept_boots(boots()).boots, SizeIs(1));
}

TEST_F(KeptBoots, TheirOrderDoesNotGoByTheClockAndTheOldestGo) {
    for (int i = 0; i < 40; ++i)  // a clock that runs backward
        ASSERT_TRUE(keep_boot(boots(), timeline_,
                              {fmt::format("id-{}", i), fmt::format("20{}-01-01T00:00:00Z", 99 - i), "6.1", 1}));
    const auto kept = read_kept_boots(boots());
    ASSERT_THAT(kept.boots, SizeIs(kept_boots_most));
    EXPECT_EQ(kept.boots.back().which.id, "id-39");
    EXPECT_EQ(kept.boots.front().which.id, "id-8");
    EXPECT_THAT(*list_directory(boots()), SizeIs(kept_boots_most));
}

TEST_F(KeptBoots, OfAThousandFilesTheNewestAreReadAndTheRestGoWithTheNextBoot) {
    ASSERT_TRUE(make_directories(boots()));
    ASSERT_TRUE(keep_boot(boots(), timeline_, {"id", "2026-11-23T12:00:00Z", "6.1", 1}));
    const std::string text = *read_file(boots() / "000001-id.json");
    for (int i = 2; i <= 1000; ++i) std::ofstream(boots() / fmt::format("{:06}-id{}.json", i, i)) << text;
    const auto kept = read_kept_boots(boots());
    ASSERT_THAT(kept.boots, SizeIs(kept_boots_most));
    EXPECT_EQ(kept.boots.back().number, 1000U);
    ASSERT_TRUE(keep_boot(boots(), timeline_, {"new", "2026-11-23T12:00:00Z", "6.1", 1}));
    EXPECT_THAT(*list_directory(boots()), SizeIs(kept_boots_most));
    EXPECT_EQ(read_kept_boots(boots()).boots.back().which.id, "new");
}

TEST_F(KeptBoots, GarbageIsLeftOutWithAWord) {
    ASSERT_TRUE(keep_boot(boots(), timeline_, {"good", "2026-11-23T12:00:00Z", "6.1", 1}));
    const std::string text = *read_file(boots() / "000001-good.json");
    const auto write = [&](const char* name, const std::string& content) {
        ASSERT_TRUE(write_file_atomic(boots() / name, content));
    };
    write("000002-truncated.json", text.substr(0, text.size() / 2));
    write("000003-empty.json", "");
    write("000004-list.json", "[1, 2]");
    std::string backward = text;
    backward.replace(backward.find("\"end\": 9.0"), 10, "\"end\": 6.0");
    write("000005-backward.json", backward);
    std::string endless = text;
    endless.replace(endless.find("\"end\": 9.0"), 10, "\"end\": 9e99");
    write("000006-endless.json", endless);
    write("99999999999999999999-overflow.json", text);
    write("18446744073709551615-last.json", text);
    write("notes.txt", "not ours");
    const auto kept = read_kept_boots(boots());
    EXPECT_THAT(kept.boots, SizeIs(1));
    EXPECT_THAT(kept.unreadable,
                ElementsAre(HasSubstr("truncated"), HasSubstr("empty"), HasSubstr("list"),
                            HasSubstr("stage storage is said to be from 7 s to 6 s"), HasSubstr("endless")));
    ASSERT_TRUE(keep_boot(boots(), timeline_, {"next", "2026-11-23T12:00:00Z", "6.1", 1}));
    EXPECT_EQ(read_kept_boots(boots()).boots.back().number, 7U)
        << "garbage does not stop the next boot from being kept";
}

TEST_F(KeptBoots, WhereNoneWasKeptIsNone) {
    const auto kept = read_kept_boots("/nowhere/boots");
    EXPECT_THAT(kept.boots, IsEmpty());
    EXPECT_THAT(kept.unreadable, IsEmpty());
}

TEST_F(KeptBoots, ANightOfTriesIsFoldedAndLosesNoSecond) {
    timeline_.stages.clear();
    for (unsigned i = 0; i < 5000; ++i)
        timeline_.stages.push_back({"storage", i * 5.0, i * 5.0 + 2, "failed", i + 1, "", "no LUN", ""});
    timeline_.stages.push_back({"storage", 25000, 25001, "ok", 5001, "", "", ""});
    ASSERT_TRUE(keep_boot(boots(), timeline_, {"id", "2026-11-23T12:00:00Z", "6.1", 1}));
    const auto kept = read_kept_boots(boots());
    ASSERT_THAT(kept.boots, SizeIs(1));
    const auto& stages = kept.boots[0].timeline.stages;
    ASSERT_THAT(stages, SizeIs(2));
    EXPECT_EQ(stages[0].start, 0);
    EXPECT_EQ(stages[0].end, 4999 * 5.0 + 2);
    EXPECT_EQ(stages[0].attempt, 5000U);
}

}  // namespace pando::test
