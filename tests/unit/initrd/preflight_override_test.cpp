// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/preflight_override.h"

#include "base/file.h"
#include "fencing/ask.h"

#include <gmock/gmock.h>

namespace pando::test {
namespace {

using namespace initrd;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

TEST(PreflightWords, NameNodesAndGiveAReason) {
    const auto words = parse_preflight_words({"--without", "n2", "--without", "n3", "--reason", "the rack burnt"});
    ASSERT_TRUE(words) << words.error().what;
    EXPECT_THAT(words->without, ElementsAre("n2", "n3"));
    EXPECT_EQ(words->reason, "the rack burnt");
}

TEST(PreflightWords, LessIsNotEnough) {
    for (const std::vector<std::string>& words :
         std::vector<std::vector<std::string>>{{},
                                               {"--without"},
                                               {"--reason", "dead"},
                                               {"--without", "n3"},
                                               {"--without", "n3", "--reason"},
                                               {"--without", "n3", "--reason", " "},
                                               {"n3", "--reason", "dead"}}) {
        const auto parsed = parse_preflight_words(words);
        ASSERT_FALSE(parsed) << words.size();
        EXPECT_THAT(parsed.error().advice, HasSubstr("--without NODE"));
    }
}

TEST(SaidOff, IsKeptForTheNextTry) {
    auto directory = TemporaryDirectory::create("/tmp", "pando-test");
    ASSERT_TRUE(directory);
    const auto file = directory->path() / "preflight.json";
    EXPECT_THAT(nodes_said_off(file), IsEmpty());
    ASSERT_TRUE(say_off({{"n2"}, "its board is \"dead\""}, file));
    ASSERT_TRUE(say_off({{"n3"}, "so is its"}, file));
    EXPECT_THAT(nodes_said_off(file), ElementsAre(Pair("n2", "its board is \"dead\""), Pair("n3", "so is its")));
    ASSERT_TRUE(write_file_atomic(file, "[torn"));
    EXPECT_THAT(nodes_said_off(file), IsEmpty());
}

// A word excuses silence. It does not outweigh a device that knows better.
TEST(SaidOff, CountsOnlyWhereNoDeviceSaysOn) {
    const std::vector<fencing::FenceAnswer> answers = {
        {"n2", "n2-bmc", false, "timed out"}, {"n2", "n2-pdu", true, "off"}, {"n3", "n3-bmc", false, "timed out"},
        {"n3", "n3-pdu", true, "on"},         {"n4", "n4-bmc", false, "no"},
    };
    const auto verdict = fencing::judge_fence_answers(answers, "n1", {.unracked = {}, .said_off = {"n2", "n3"}});
    EXPECT_THAT(verdict.said_off, ElementsAre("n2-bmc of node n2: timed out"));
    EXPECT_THAT(verdict.silent, ElementsAre("n3-bmc of node n3: timed out", "n4-bmc of node n4: no"));
}

}  // namespace
}  // namespace pando::test
