// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/lost_newest.h"

#include "tests/unit/config/lun_with_claims.h"

namespace pando::test {
namespace {

using namespace config;
using testing::HasSubstr;

constexpr Milliseconds patience{300};

class LostNewest : public LunWithClaims {
protected:
    // As BundleChange and a boot ask: by what they read, and by the claims of now.
    Result<> ask(const std::optional<GoesBy>& self = {}) {
        const uint64_t known = TRY(read_newest(*store_, "grove")).generation;
        return refuse_lost_newest(*store_, "grove", known, TRY(read_claims(*store_)), self, patience);
    }
};

TEST_F(LostNewest, NothingIsSaidWhileTheSlotsHoldWhatTheNodesGoBy) {
    claim(1, 4);
    claim(2, 3);
    const Beating up(file(), {1, 2});
    EXPECT_TRUE(ask());
    EXPECT_TRUE(ask(GoesBy{"n1", 4}));
    damage(3);  // the older copy: the harmless case
    EXPECT_TRUE(ask(GoesBy{"n1", 4}));
}

TEST_F(LostNewest, AMachineThatLivesByANewerOneIsNamedWithBothGenerations) {
    claim(1, 4);
    claim(2, 4);
    claim(3, 3);
    damage(4);
    const Beating up(file(), {1, 2, 3});
    const auto refused = ask();
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().what, HasSubstr("is generation 3, and n1, n2 go by generation 4"));
    EXPECT_THAT(refused.error().advice, HasSubstr("on n1 or n2: pando bundle write --rescue"));
}

TEST_F(LostNewest, ThisNodeIsNamedOnceAmongTheOthers) {
    claim(1, 4);
    claim(2, 4);
    damage(4);
    const Beating up(file(), {1, 2});
    const auto refused = ask(GoesBy{"n2", 4});
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().what, HasSubstr("and n1, n2 go by generation 4"));
}

TEST_F(LostNewest, TheNodeWithTheNewestIsToWriteItAgain) {
    claim(1, 4);
    claim(2, 5);
    damage(4);
    const Beating up(file(), {1, 2});
    const auto refused = ask(GoesBy{"n1", 4});
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().what, HasSubstr("is generation 3, and n2 goes by generation 5"));
    EXPECT_THAT(refused.error().advice, HasSubstr("on n2: pando bundle write --rescue"));
}

TEST_F(LostNewest, WhoeverIsGoneDoesNotCount) {
    claim(1, 4);                    // its beat stands still
    claim(2, 4, ClaimState::left);  // it left in order
    damage(4);
    EXPECT_TRUE(ask());
}

TEST_F(LostNewest, ThisNodesOwnMemoryCountsWithoutAnyClaim) {
    damage(4);
    const auto refused = ask(GoesBy{"n1", 4});
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().what, HasSubstr("is generation 3, and n1 goes by generation 4"));
    EXPECT_THAT(refused.error().advice, HasSubstr("on n1: pando bundle write --rescue"));
}

// Somebody has changed the description since it was read: that is no loss.
TEST_F(LostNewest, TheSlotsAreReadOnceMoreBeforeItIsSaid) {
    write(5);
    claim(1, 5);
    const Beating up(file(), {1});
    const auto claims = read_claims(*store_);
    EXPECT_TRUE(refuse_lost_newest(*store_, "grove", 4, *claims, GoesBy{"n1", 5}, patience));
    damage(5);
    EXPECT_FALSE(refuse_lost_newest(*store_, "grove", 4, *claims, {}, patience));
}

}  // namespace
}  // namespace pando::test
