// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/fence_words.h"
#include "initrd/fence_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace pando::initrd {
namespace {

using testing::HasSubstr;

TEST(FenceWords, WhatIsSaidInTheChroot) {
    const auto now = parse_fence_words({"now", "n2", "--reason", "it smokes", "--yes", "--by", "root on n1"});
    ASSERT_TRUE(now);
    EXPECT_EQ(now->nodes, std::vector<std::string>{"n2"});
    EXPECT_EQ(now->reason, "it smokes");
    EXPECT_EQ(now->by, "root on n1");
    EXPECT_TRUE(now->yes);
    EXPECT_EQ(parse_fence_words({"confirm", "n2", "--reason", "pulled", "--is-off", "n2"})->is_off, "n2");
    EXPECT_EQ(parse_fence_words({"test", "n1", "n2"})->nodes.size(), 2U);
    EXPECT_TRUE(parse_fence_words({"history", "--json"})->json);
}

TEST(FenceWords, NobodyIsShotOrCalledOffWithoutAReason) {
    for (const std::vector<std::string>& words : {std::vector<std::string>{"now", "n2"},
                                                  {"confirm", "n2"},
                                                  {"confirm", "n2", "--reason", " "},
                                                  {"confirm", "n2", "--reason"},
                                                  {"confirm", "--reason", "pulled"},
                                                  {"confirm", "n2", "n3", "--reason", "pulled"},
                                                  {"confirm", "n2", "--reason", "pulled", "--yes"},
                                                  {"now", "n2", "--reason", "x", "--is-off", "n2"},
                                                  {"history", "n2"},
                                                  {"shoot", "n2"},
                                                  {}}) {
        const auto parsed = parse_fence_words(words);
        ASSERT_FALSE(parsed) << fmt::format("{}", fmt::join(words, " "));
        EXPECT_EQ(parsed.error().kind, ErrorKind::bad_input);
        EXPECT_THAT(parsed.error().advice, HasSubstr("fence confirm NODE --reason TEXT"));
    }
}

TEST(FenceState, ANodeThatWaitsToBeFencedIsAFaultWithTheWayOut) {
    FenceState state;
    state.waiting.push_back(
        {{.id = 2, .actor = 1, .since = 1795000000}, "n2", fencing::Failing{2, 5, "n2-bmc: no route"}});
    state.tests.push_back({"n3", "n3-bmc", false, "wrong password", since_boot(), std::nullopt});
    std::vector<std::string> faults;
    add_fence_faults(state, "n1", faults);
    ASSERT_EQ(faults.size(), 2U);
    EXPECT_THAT(faults[0], HasSubstr("node n2 waits to be fenced since 2026-"));
    EXPECT_THAT(faults[0], HasSubstr("tried 5 times here: n2-bmc: no route"));
    EXPECT_THAT(faults[0], HasSubstr("pando fence confirm n2"));
    EXPECT_THAT(faults[1], HasSubstr("n3-bmc of n3 failed its last test: wrong password"));
    EXPECT_THAT(to_text(state), HasSubstr("n3-bmc FAILS"));
    EXPECT_EQ(to_json(state)["waiting"][0]["rounds"], 5);
}

}  // namespace
}  // namespace pando::initrd
