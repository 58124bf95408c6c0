// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/peers.h"

#include "tests/unit/config/lun_with_claims.h"

namespace pando::test {
namespace {

using testing::HasSubstr;

constexpr Milliseconds patience{300};

class PeersOnLun : public LunWithClaims {
protected:
    // As n1 that boots by `generation`.
    Result<initrd::Peers> look(uint64_t generation) {
        return initrd::look_at_peers(*store_, load(sample).value(), generation, "n1", patience);
    }
};

TEST_F(PeersOnLun, ThoseThatBeatAreAliveAndTheRestIsNot) {
    claim(1, 4, config::ClaimState::booting);
    claim(2, 4);
    auto peers = look(4);
    ASSERT_TRUE(peers) << peers.error().what;
    EXPECT_TRUE(peers->alive.empty());
    const Beating up(file(), {2});
    peers = look(4);
    ASSERT_TRUE(peers) << peers.error().what;
    ASSERT_EQ(peers->alive.size(), 1U);
    EXPECT_EQ(peers->alive[0].name, "n2");
    EXPECT_EQ(peers->beats[0].generation, 4U);
}

TEST_F(PeersOnLun, ABootByAnOlderDescriptionThanALivingNodesIsRefused) {
    claim(1, 3, config::ClaimState::booting);
    claim(2, 4);
    damage(4);
    const Beating up(file(), {2});
    const auto refused = look(3);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().what, HasSubstr("is generation 3, and n2 goes by generation 4"));
    EXPECT_THAT(refused.error().advice, HasSubstr("on n2: pando bundle write --rescue"));
    EXPECT_THAT(refused.error().advice, HasSubstr("then boot this machine again"));
}

// The older description does not know it; it counts all the same.
TEST_F(PeersOnLun, SoItIsByANodeThatTheOlderOneLacks) {
    claim(9, 4);
    damage(4);
    const Beating up(file(), {9});
    const auto refused = look(3);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().what, HasSubstr("n9 goes by generation 4"));
}

TEST_F(PeersOnLun, WhatWasWrittenSinceIsTakenOverLaterAndNoReasonToRefuse) {
    write(5);
    claim(2, 5);
    const Beating up(file(), {2});
    const auto peers = look(4);
    ASSERT_TRUE(peers) << peers.error().what;
    EXPECT_EQ(peers->alive.size(), 1U);
}

// All were switched off before the newest slot was damaged: nobody is left who has it.
TEST_F(PeersOnLun, WhoeverIsOffRefusesNothing) {
    claim(2, 4);
    damage(4);
    EXPECT_TRUE(look(3));
}

}  // namespace
}  // namespace pando::test
