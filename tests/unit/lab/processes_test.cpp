// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/processes.h"

#include "base/file.h"

#include <gtest/gtest.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

namespace pando::lab {
namespace {

class LabProcesses : public testing::Test {
protected:
    void SetUp() override {
        auto made = TemporaryDirectory::create(testing::TempDir(), "lab-processes");
        ASSERT_TRUE(made) << made.error().what;
        directory_.emplace(std::move(*made));
    }
    const std::filesystem::path& directory() const { return directory_->path(); }
    std::optional<TemporaryDirectory> directory_;
};

TEST_F(LabProcesses, StartTimeIsReadBehindAnyName) {
    const std::string tail = " S 1 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4711 1 2 3\n";
    EXPECT_EQ(parse_start_time("7 (cat)" + tail).value_or(0), 4711U);
    EXPECT_EQ(parse_start_time("7 (a) b (c) 9)" + tail).value_or(0), 4711U);
    EXPECT_FALSE(parse_start_time("7 cat S 1"));
    EXPECT_FALSE(parse_start_time("7 (cat) S 1 1"));
}

TEST_F(LabProcesses, ARecordedProcessIsFoundAndEnded) {
    auto child = Child::spawn({.argv = {"cat", "/dev/zero"}, .output_file = "/dev/null"});
    ASSERT_TRUE(child) << child.error().what;
    ASSERT_TRUE(record_process(directory(), {.who = "zero", .pid = child->pid()}));
    const auto records = recorded_processes(directory());
    ASSERT_TRUE(records);
    ASSERT_EQ(records->records.size(), 1U);
    const ProcessRecord& zero = records->records.front();
    EXPECT_EQ(zero.who, "zero");
    auto running = find_running(zero);
    ASSERT_TRUE(running);
    std::vector<Ending> endings;
    endings.push_back({std::move(*running), SIGTERM});
    ASSERT_TRUE(end_all(std::move(endings), std::chrono::seconds(5)));
    EXPECT_FALSE(find_running(zero));
}

TEST_F(LabProcesses, OneThatIgnoresSigtermIsKilled) {
    auto child = Child::spawn({.argv = {"cat", "/dev/zero"},
                               .prepare = [] { return signal(SIGTERM, SIG_IGN) != SIG_ERR; },
                               .output_file = "/dev/null"});
    ASSERT_TRUE(child);
    auto mine = Child::adopt(child->pid());
    ASSERT_TRUE(mine);
    std::vector<Ending> endings;
    endings.push_back({std::move(*mine), SIGTERM});
    EXPECT_TRUE(end_all(std::move(endings), Milliseconds(100)));
    EXPECT_FALSE(child->running());
}

TEST_F(LabProcesses, ARecycledPidIsAStranger) {
    ASSERT_TRUE(record_process(directory(), {.who = "me", .pid = getpid()}));
    auto record = recorded_processes(directory())->records.front();
    EXPECT_TRUE(find_running(record));
    record.start -= 1;
    EXPECT_FALSE(find_running(record));  // the same pid, started at another time
    record.start += 1;
    record.boot = "another-boot";
    EXPECT_FALSE(find_running(record));
}

TEST_F(LabProcesses, WhatAnInterruptedWriteLeftIsPassedOver) {
    ASSERT_TRUE(write_file_atomic(directory() / ".n1.json.Ab12", "{"));
    const auto records = recorded_processes(directory());
    ASSERT_TRUE(records) << records.error().what;
    EXPECT_TRUE(records->records.empty());
    EXPECT_TRUE(records->damaged.empty());
    EXPECT_TRUE(recorded_processes(directory() / "nothing-here")->records.empty());
}

TEST_F(LabProcesses, ADamagedRecordIsNamedAndHidesNoOther) {
    ASSERT_TRUE(record_process(directory(), {.who = "me", .pid = getpid()}));
    for (const char* text : {"", "{", "[]", "7", R"({"who": "n1"})",
                             R"({"who": "n1", "pid": "seven", "start": 1, "boot": "b", "stop_signal": 15})",
                             R"({"who": "n1", "pid": -1, "start": 1, "boot": "b", "stop_signal": 15})"}) {
        ASSERT_TRUE(write_file_atomic(directory() / "n1.json", text));
        const auto found = recorded_processes(directory());
        ASSERT_TRUE(found) << found.error().what;
        ASSERT_EQ(found->damaged.size(), 1U) << text;
        EXPECT_NE(found->damaged.front().what.find("n1.json"), std::string::npos);
        ASSERT_EQ(found->records.size(), 1U) << text;
        EXPECT_EQ(found->records.front().who, "me");
    }
}

TEST_F(LabProcesses, ANamespaceThatIsNotThereHasNoProcesses) {
    const auto pids = processes_in_namespace(directory() / "none");
    ASSERT_TRUE(pids);
    EXPECT_TRUE(pids->empty());
}

}  // namespace
}  // namespace pando::lab
