// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/timeline.h"
#include "base/file.h"

#include <gtest/gtest.h>

using pando::initrd::Timeline;

TEST(Timeline, WhatWasSavedIsLoaded) {
    const auto directory = pando::TemporaryDirectory::create("/tmp", "timeline");
    ASSERT_TRUE(directory);
    const auto file = directory->path() / "boot.json";
    Timeline timeline(file);
    timeline.node = "n1";
    timeline.cluster = "grove";
    timeline.begin("storage", 1);
    timeline.fail(pando::Error{"no LUN \xff", "look at the switch"});
    timeline.begin("storage", 2);
    timeline.succeed("/dev/sda3");
    ASSERT_TRUE(timeline.save());

    const auto loaded = Timeline::load(file);
    ASSERT_TRUE(loaded) << loaded.error().what;
    EXPECT_EQ(loaded->node, "n1");
    EXPECT_EQ(loaded->state, "running");
    ASSERT_EQ(loaded->stages.size(), 2U);
    EXPECT_EQ(loaded->stages[0].result, "failed");
    EXPECT_EQ(loaded->stages[0].advice, "look at the switch");
    EXPECT_EQ(loaded->stages[1].attempt, 2U);
    EXPECT_GE(loaded->stages[1].end, loaded->stages[1].start);
}

TEST(Timeline, WhatIsNoTimelineIsRefused) {
    const auto directory = pando::TemporaryDirectory::create("/tmp", "timeline");
    ASSERT_TRUE(directory);
    const auto file = directory->path() / "boot.json";
    for (const char* text :
         {"", "{", "[]", R"({"node":1})", R"({"node":"n","cluster":"c","state":"s","stages":[{}]})"}) {
        ASSERT_TRUE(pando::write_file_atomic(file, text));
        EXPECT_FALSE(Timeline::load(file)) << text;
    }
}
