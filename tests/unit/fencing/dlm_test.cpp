// SPDX-License-Identifier: GPL-2.0-or-later
#include "fencing/dlm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pando::fencing {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;

// As dlm_controld 4.2 tells it.
const std::string at_rest = R"(cluster nodeid 1 quorate 1 ring seq 12 12
daemon now 5021 fence_pid 0
node 1 M add 18 rem 0 fail 0 fence 0 at 0 0
node 2 M add 31 rem 0 fail 0 fence 0 at 0 0
)";
const std::string fencing = R"(cluster nodeid 1 quorate 1 ring seq 16 16
daemon now 5100 fence_pid 912
fence 2 nodedown pid 912 actor 1 fail 1795000000 fence 0 now 1795000041
fence 3 nodedown delay actor 0 fail 1795000001 fence 0 now 1795000041
startup node 4
node 1 M add 18 rem 0 fail 0 fence 0 at 0 0
node 2 X add 31 rem 5059 fail 5059 fence 0 at 0 0
node 3 X add 31 rem 5060 fail 5060 fence 0 at 0 0
)";

TEST(DlmStatus, TellsWhoIsWaitedForAndSinceWhen) {
    EXPECT_THAT(parse_dlm_status(at_rest), IsEmpty());
    const auto waiting = parse_dlm_status(fencing);
    ASSERT_EQ(waiting.size(), 3U);
    EXPECT_EQ(waiting[0].id, 2U);
    EXPECT_EQ(waiting[0].actor, 1U);
    EXPECT_EQ(waiting[0].since, 1795000000);
    EXPECT_FALSE(waiting[0].delayed);
    EXPECT_EQ(waiting[1].id, 3U);
    EXPECT_TRUE(waiting[1].delayed);
    EXPECT_EQ(waiting[2].id, 4U);
    EXPECT_TRUE(waiting[2].startup);
    EXPECT_THAT(parse_dlm_status("fence x nodedown\nfence\nstartup\n\n"), IsEmpty());
}

TEST(DlmStatus, ADaemonThatDoesNotAnswerWaitsForNobodyKnown) {
    const auto nobody = who_is_waited_for(
        [](const auto&, Deadline) -> Result<Finished> {
            return Finished{0, "cannot connect to dlm_controld\n", ""};
        },
        Deadline::after(1s));
    ASSERT_FALSE(nobody);
    EXPECT_THAT(nobody.error().what, HasSubstr("cannot connect"));
}

TEST(Acknowledge, WaitsForItsEffect) {
    std::vector<std::string> asked;
    int looks = 0;
    const Inside inside = [&](const std::vector<std::string>& argv, Deadline) -> Result<Finished> {
        asked.push_back(argv.at(1));
        if (argv.at(1) == "fence_ack") {
            EXPECT_EQ(argv.at(2), "2");
            return Finished{0, "", ""};
        }
        return Finished{0, ++looks < 3 ? fencing : at_rest, ""};
    };
    EXPECT_TRUE(acknowledge(inside, 2, Deadline::after(20s)));
    EXPECT_EQ(looks, 3);
    EXPECT_EQ(asked.front(), "fence_ack");
}

TEST(Acknowledge, ThatItHadNoEffectIsAnError) {
    const Inside inside = [](const auto& argv, Deadline) -> Result<Finished> {
        return Finished{0, argv.at(1) == "status" ? fencing : "", ""};
    };
    const auto told = acknowledge(inside, 2, Deadline::after(300ms));
    ASSERT_FALSE(told);
    EXPECT_THAT(told.error().what, HasSubstr("goes on waiting"));
    EXPECT_TRUE(acknowledge(inside, 7, Deadline::after(300ms))) << "nobody waits for it";
}

}  // namespace
}  // namespace pando::fencing
