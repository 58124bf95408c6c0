// SPDX-License-Identifier: GPL-2.0-or-later
// A writer of generations is killed wherever it happens to be: what it leaves is the old generation or the new one.
#include "config/slots.h"

#include "base/file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <csignal>
#include <optional>
#include <random>

namespace pando::test {
namespace {

using namespace config;

Bundle bundle_of(uint64_t generation) {
    return {"grove", generation, {{"cluster.yaml", std::string(100'000, static_cast<char>('a' + generation % 26))}}};
}

// Says every generation, one number each, once it is written: what it said must be there, or a newer one.
[[noreturn]] void write_generations(const std::filesystem::path& file, int said) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    auto store = open_store(file);
    if (!store) _exit(1);
    for (uint64_t generation = *peek_generation(**store) + 1;; ++generation) {
        // A torn slot's header may name a generation that does not count.
        if (!write_slot(**store, bundle_of(generation))) _exit(2);
        if (write(said, &generation, sizeof generation) != sizeof generation) _exit(3);
    }
}

TEST(SlotsKilled, TheOldGenerationOrTheNewOneIsAlwaysThere) {
    auto directory = TemporaryDirectory::create("/var/tmp", "pando-killed");
    ASSERT_TRUE(directory);
    const auto file = directory->path() / "partition";
    const UniqueFd made(open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    ASSERT_EQ(ftruncate(made.get(), 16 << 20), 0);
    auto store = open_store(file);
    ASSERT_TRUE(store);
    ASSERT_TRUE(write_slot(**store, bundle_of(1)));

    std::mt19937 random(7);
    std::uniform_int_distribution<int> moment(1, 120);  // milliseconds
    uint64_t before = 1;
    int torn = 0;
    for (int round = 0; round < 50; ++round) {
        int ends[2];
        ASSERT_EQ(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
        const UniqueFd heard(ends[0]);
        UniqueFd said(ends[1]);
        const pid_t writer = fork();
        ASSERT_GE(writer, 0);
        if (writer == 0) write_generations(file, said.get());
        said.reset();
        (void)poll(nullptr, 0, moment(random));
        ASSERT_EQ(kill(writer, SIGKILL), 0);
        int status = 0;
        ASSERT_EQ(waitpid(writer, &status, 0), writer);
        ASSERT_TRUE(WIFSIGNALED(status)) << "the writer gave up with status " << WEXITSTATUS(status);
        uint64_t last_said = before, generation = 0;
        while (read(heard.get(), &generation, sizeof generation) == sizeof generation) last_said = generation;

        const auto newest = read_newest(**store, "grove");
        ASSERT_TRUE(newest) << newest.error().what;
        EXPECT_GE(newest->generation, last_said) << "what was written is gone";
        EXPECT_LE(newest->generation, last_said + 2);
        EXPECT_EQ(newest->files, bundle_of(newest->generation).files);
        const auto slots = read_slots(**store, "grove");
        ASSERT_TRUE(slots);
        for (const Slot& slot : slots->slots) torn += slot.state == SlotState::torn ? 1 : 0;
        before = newest->generation;
    }
    EXPECT_GT(before, 60U) << "hardly anything was written";
    RecordProperty("torn", torn);
}

}  // namespace
}  // namespace pando::test
