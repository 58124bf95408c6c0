// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/text_diff.h"

#include "base/file.h"
#include "base/process.h"

#include <gtest/gtest.h>
#include <random>

namespace pando {
namespace {

TEST(TextDiff, SaysNothingWhenNothingChanged) { EXPECT_EQ(unified_diff("a\nb\n", "a\nb\n", "x"), ""); }

TEST(TextDiff, ShowsAChangeWithThreeLinesAround) {
    EXPECT_EQ(unified_diff("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n", "x"),
              "--- x as it is\n+++ x as it will be\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
}

TEST(TextDiff, TellsThatTheLastLineDoesNotEnd) {
    EXPECT_EQ(unified_diff("a\nb", "a\nb\nc\n", "x"),
              "--- x as it is\n+++ x as it will be\n@@ -1,2 +1,3 @@\n a\n-b\n\\ No newline at end of file\n+b\n+c\n");
}

// Whatever it shows, patch(1) makes the new text of the old one by it.
TEST(TextDiff, IsWhatPatchApplies) {
    if (!find_program("patch")) GTEST_SKIP() << "no patch(1) here";
    std::mt19937 random(7);
    const auto directory = TemporaryDirectory::create(testing::TempDir(), "diff-");
    ASSERT_TRUE(directory) << directory.error().what;
    for (int round = 0; round < 40; ++round) {
        std::string before, after;
        for (int line = 0; line < 60; ++line) {
            const std::string text = std::to_string(random() % 12) + "\n";
            const auto what = random() % 12;
            if (what != 0) before += text;
            if (what != 1) after += what == 2 ? "other\n" : text;
        }
        const auto file = directory->path() / "file";
        ASSERT_TRUE(write_file_atomic(file, before));
        const auto patched =
            run({.argv = {"patch", "-s", file.string()}, .input = unified_diff(before, after, "file")});
        ASSERT_TRUE(patched && patched->ok()) << before << "\n" << unified_diff(before, after, "file");
        EXPECT_EQ(*read_file(file), after);
    }
}

}  // namespace
}  // namespace pando
