// SPDX-License-Identifier: GPL-2.0-or-later
#include "nodes/boot_times.h"

#include "base/file.h"
#include "base/text_diff.h"

#include <gmock/gmock.h>
#include <cstdlib>
#include <numeric>
#include <sstream>

namespace pando::test {
namespace {

using namespace nodes;
using initrd::KeptBoot;
using initrd::StageRecord;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

struct Step {
    const char* name;
    double seconds;
};

// All stages, with seconds that were made up; `longer` is added to storage.
KeptBoot boot_of(uint64_t number, double longer = 0, const std::string& node = "n1") {
    constexpr Step steps[] = {{"hardware", 1.31}, {"bootstrap", 2.04}, {"bundle", 0.22},   {"identity", 0.35},
                              {"network", 0.61},  {"storage", 1.42},   {"preflight", 3.2}, {"chroot", 2.75},
                              {"join", 7.9},      {"root", 1.15},      {"cdsl", 0.3},      {"handover", 0.08}};
    KeptBoot boot{
        number, {fmt::format("id-{}", number), "2026-11-23T12:00:00Z", "6.1.0-44-amd64", 12}, initrd::Timeline()};
    boot.timeline.node = node;
    boot.timeline.cluster = "grove";
    boot.timeline.state = "booted";
    double at = 1.87;
    for (const Step& step : steps) {
        const double seconds = step.seconds + (std::string_view(step.name) == "storage" ? longer : 0);
        boot.timeline.stages.push_back({step.name, at, at + seconds, "ok", 1, "", "", ""});
        at += seconds;
    }
    at += 9.4;
    boot.timeline.stages.push_back({"booted", at, at, "ok", 1, "multi-user", "", ""});
    return boot;
}

// The LUN was away: two tries failed, with pauses.
KeptBoot boot_with_tries(uint64_t number) {
    KeptBoot boot = boot_of(number);
    auto& stages = boot.timeline.stages;
    const double late = 26;
    const double at = stages[5].start;
    for (size_t i = 5; i < stages.size(); ++i) {
        stages[i].start += late;
        stages[i].end += late;
    }
    stages[5].attempt = 3;
    stages.insert(
        stages.begin() + 5,
        {StageRecord{"storage", at, at + 10, "failed", 1, "", "no portal answers: 10.77.0.1:3260 <refused> & \"gone\"",
                     ""},
         StageRecord{
             "storage", at + 13, at + 23, "failed", 2, "",
             "no portal answers: 10.77.0.1:3260 <refused> & \"gone\", and this goes on longer than a line may be",
             ""}});
    return boot;
}

std::vector<KeptBoot> eight_and(KeptBoot last) {
    std::vector<KeptBoot> boots;
    for (uint64_t i = 1; i <= 8; ++i) boots.push_back(boot_of(i, 0.1 * static_cast<double>(i)));
    last.number = 9;
    boots.push_back(std::move(last));
    return boots;
}

double sum_of(const BootTimes& times) {
    return std::accumulate(times.parts.begin(), times.parts.end(), 0.0,
                           [](double sum, const Part& part) { return sum + part.seconds; });
}

const Part& part(const BootTimes& times, const std::string& name) {
    for (const Part& one : times.parts)
        if (one.name == name) return one;
    static const Part none{.name = "none"};
    ADD_FAILURE() << "no part " << name;
    return none;
}

void expect_golden(const std::string& name, const std::string& text) {
    const auto file = std::filesystem::path(TEST_DATA) / "timeline" / name;
    if (std::getenv("PANDO_GOLDEN") != nullptr) {
        ASSERT_TRUE(write_file_atomic(file, text));
    }
    const auto golden = read_file(file);
    ASSERT_TRUE(golden) << golden.error().what << ": run once with PANDO_GOLDEN=1";
    EXPECT_TRUE(*golden == text) << unified_diff(*golden, text, name)
                                 << "if the change is meant, run with PANDO_GOLDEN=1 and look at the difference";
}

void expect_at_most_80_columns(const std::string& text) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80U) << line;
}

}  // namespace

TEST(BootTimes, AllSecondsFromTheKernelUntilTheNodeIsUpHaveTheirPart) {
    for (const KeptBoot& boot : {boot_of(1), boot_with_tries(1)}) {
        const auto times = times_of(boot);
        EXPECT_NEAR(sum_of(times), boot.timeline.stages.back().end, 1e-6);
        EXPECT_NEAR(times.seconds, boot.timeline.stages.back().end, 1e-6);
        EXPECT_EQ(times.parts.front().name, "kernel");
        EXPECT_NEAR(times.parts.front().seconds, 1.87, 1e-6);
        EXPECT_EQ(times.parts.back().name, "system");
        EXPECT_NEAR(times.parts.back().seconds, 9.4, 1e-6);
    }
}

TEST(BootTimes, FailedTriesAndPausesAreTold) {
    const auto times = times_of(boot_with_tries(1));
    EXPECT_EQ(part(times, "storage").tries.size(), 3U);
    EXPECT_NEAR(part(times, "storage").seconds, 21.42, 1e-6);
    EXPECT_NEAR(part(times, "between").seconds, 6, 1e-6);
    EXPECT_THAT(part(times, "storage").last_error, HasSubstr("longer than a line")) << "the last one's";
    EXPECT_EQ(part(times, "between").last_error, "");
}

TEST(BootTimes, TheMedianIsOfTheBootsBeforeAndNotOfThisOne) {
    const auto times = compare_boots(eight_and(boot_of(9, 30)), 8);
    ASSERT_TRUE(times);
    EXPECT_EQ(times->before.size(), 8U);
    EXPECT_NEAR(*part(*times, "storage").median_seconds, 1.42 + 0.45, 1e-6);
    EXPECT_TRUE(part(*times, "storage").slower());
    EXPECT_FALSE(part(*times, "join").slower());
    EXPECT_EQ(compare_boots(eight_and(boot_of(9, 30)), 3)->before.size(), 3U) << "no more than was asked for";
}

TEST(BootTimes, SlowerIsMoreThanAFifthAndASecond) {
    EXPECT_FALSE(is_slower(1.9, 1)) << "not a second";
    EXPECT_FALSE(is_slower(111, 100)) << "not a fifth";
    EXPECT_TRUE(is_slower(121, 100));
    EXPECT_TRUE(is_slower(2.1, 1));
}

TEST(BootTimes, OneBootStandsAloneAndNoBootIsNone) {
    EXPECT_FALSE(compare_boots({}, 8));
    const auto times = compare_boots({boot_of(1)}, 8);
    ASSERT_TRUE(times);
    EXPECT_FALSE(times->parts.front().median_seconds);
    EXPECT_THAT(to_text(*times), HasSubstr("nothing to compare it with"));
    EXPECT_THAT(to_svg(*times), AllOf(HasSubstr("nothing to compare it with"), Not(HasSubstr("class=\"median\""))));
}

TEST(BootTimes, StagesThatOverlapOrAStageThatIsGoneBackToCountNoSecondTwice) {
    KeptBoot boot = boot_of(1);
    boot.timeline.stages[3].start -= 0.2;  // as if the clock had been set back between two records
    boot.timeline.stages.insert(boot.timeline.stages.end() - 1, {"network", 26.5, 27, "ok", 1, "", "", ""});
    const auto times = times_of(boot);
    EXPECT_NEAR(sum_of(times), times.seconds, 1e-6);
    EXPECT_EQ(part(times, "network").tries.size(), 2U);
}

TEST(BootTimes, ABootOfNoTimeIsDrawn) {
    KeptBoot boot{1, {}, initrd::Timeline()};
    boot.timeline.stages = {{"hardware", 0, 0, "ok", 1, "", "", ""}};
    const auto times = compare_boots({boot, boot}, 8);
    expect_at_most_80_columns(to_text(*times));
    EXPECT_THAT(to_svg(*times), AllOf(HasSubstr("hardware"), Not(HasSubstr("nan")), Not(HasSubstr("inf"))));
}

TEST(BootTimes, TextIsAsItWasLookedAt) {
    const std::string text = to_text(*compare_boots(eight_and(boot_with_tries(9)), 8));
    expect_at_most_80_columns(text);
    EXPECT_THAT(text, Not(HasSubstr("-0.00")));
    expect_golden("retried.txt", text);
    const std::string slow = to_text(*compare_boots(eight_and(boot_of(9, 4)), 8));
    expect_at_most_80_columns(slow);
    expect_golden("slower.txt", slow);
}

TEST(BootTimes, DrawingIsAsItWasLookedAt) {
    expect_golden("retried.svg", to_svg(*compare_boots(eight_and(boot_with_tries(9)), 8)));
    expect_golden("slower.svg", to_svg(*compare_boots(eight_and(boot_of(9, 4)), 8)));
}

TEST(BootTimes, NothingInADrawingIsMarkup) {
    KeptBoot boot = boot_with_tries(1);
    boot.timeline.node = "<script>alert('&')</script>";
    const std::string svg = to_svg(times_of(boot));
    EXPECT_THAT(svg, AllOf(Not(HasSubstr("<script")), Not(HasSubstr("<refused>")), HasSubstr("&lt;refused&gt; &amp;")));
}

TEST(BootTimes, NodesStandSideBySide) {
    std::vector<BootTimes> last;
    for (int i = 1; i <= 8; ++i)
        last.push_back(*compare_boots(
            {boot_of(1), i == 3 ? boot_with_tries(2) : boot_of(2, i == 8 ? 5 : 0, fmt::format("aspen{}", i))}, 8));
    const std::string text = side_by_side(last);
    expect_at_most_80_columns(text);
    expect_golden("all.txt", text);
}

TEST(BootTimes, ProgramsGetTheSpansOfEachPart) {
    const auto json = to_json(*compare_boots(eight_and(boot_with_tries(9)), 8));
    EXPECT_EQ(json.at("node"), "n1");
    const auto& storage = json.at("parts").at(6);
    EXPECT_EQ(storage.at("name"), "storage");
    EXPECT_EQ(storage.at("tries").size(), 3U);
    EXPECT_EQ(storage.at("slower"), true);
    EXPECT_TRUE(storage.contains("median"));
}

}  // namespace pando::test
