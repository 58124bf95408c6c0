// SPDX-License-Identifier: GPL-2.0-or-later
#include "fencing/device_tests.h"
#include "base/file.h"
#include "fencing/history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pando::fencing {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class DeviceTests : public testing::Test {
protected:
    void SetUp() override {
        auto made = TemporaryDirectory::create(fs::temp_directory_path(), "pando-tests");
        ASSERT_TRUE(made);
        place.emplace(std::move(*made));
        ASSERT_TRUE(make_directories(place->path() / "var/log"));
    }
    void record(bool answered, const std::string& says) {
        ASSERT_TRUE(record_tests(place->path(), {{"n2", "n2-bmc", answered, says}}, {"n1", "n2"}, "n1", "timer"));
    }
    std::optional<TemporaryDirectory> place;
};

TEST_F(DeviceTests, ADeviceIsGoodUntilItFails) {
    record(true, "on");
    auto tests = read_tests(place->path());
    ASSERT_EQ(tests.size(), 1U);
    EXPECT_TRUE(tests[0].good);
    EXPECT_EQ(tests[0].last, tests[0].last_good);
    const auto good = tests[0].last;
    record(false, "no route to host");
    tests = read_tests(place->path());
    ASSERT_EQ(tests.size(), 1U);
    EXPECT_FALSE(tests[0].good);
    EXPECT_EQ(tests[0].last_good, good) << "the last good test is remembered";
    EXPECT_THAT(test_faults(tests, "n1", 1h),
                ElementsAre(HasSubstr("n2-bmc of n2 failed its last test: no route to host")));
}

TEST_F(DeviceTests, OnlyAChangeIsInTheHistory) {
    record(true, "on");
    record(true, "on");
    EXPECT_THAT(read_lines(history_file(place->path())), IsEmpty());
    record(false, "no route");
    record(false, "no route");
    record(true, "on");
    const auto lines = read_lines(history_file(place->path()));
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_FALSE(record_of(lines[0])->ok);
    EXPECT_TRUE(record_of(lines[1])->ok);
}

TEST_F(DeviceTests, ADeviceThatCallsAMemberOffIsAnotherMachines) {
    record(true, "off");
    EXPECT_FALSE(read_tests(place->path()).at(0).good);
    EXPECT_TRUE(is_good({"n3", "n3-bmc", true, "off"}, {"n1", "n2"})) << "it is off";
}

TEST_F(DeviceTests, AnOwnDeviceThatDoesNotAnswerItsHostIsNoFaultAndOneThatCallsItOffIs) {
    EXPECT_THAT(test_faults({{"n1", "n1-bmc", false, "no route", 1min, {}}}, "n1", 2min), IsEmpty());
    EXPECT_THAT(test_faults({{"n1", "n1-bmc", false, "off", 1min, {}}}, "n1", 2min), testing::SizeIs(1));
}

TEST_F(DeviceTests, TestsThatStopAreAFaultOnceThreeAreMissing) {
    const std::vector<DeviceTest> tests = {{"n2", "n2-bmc", true, "on", 10min, 10min}};
    EXPECT_THAT(test_faults(tests, "n1", 39min), IsEmpty());
    EXPECT_THAT(test_faults(tests, "n1", 41min), ElementsAre(HasSubstr("31 min ago")));
    EXPECT_THAT(test_faults({}, "n1", 29min), IsEmpty()) << "a node that has just booted";
    EXPECT_THAT(test_faults({}, "n1", 31min), ElementsAre(HasSubstr("no fence device was tested")));
}

TEST_F(DeviceTests, WhatIsNoFileOfOursIsNone) {
    for (const char* text : {"", "{}", "[1, {\"last_ms\": \"x\"}]"}) {
        ASSERT_TRUE(write_file_atomic(place->path() / "var/log/pando-fence-tests.json", text));
        EXPECT_THAT(read_tests(place->path()), IsEmpty()) << text;
    }
}

}  // namespace
}  // namespace pando::fencing
