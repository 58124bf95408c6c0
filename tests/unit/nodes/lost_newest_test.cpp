// SPDX-License-Identifier: GPL-2.0-or-later
#include "nodes/lost_newest.h"

#include "tests/unit/config/lun_with_claims.h"

namespace pando::test {
namespace {

using namespace nodes;
using testing::HasSubstr;

class BuildUpon : public LunWithClaims {};

TEST_F(BuildUpon, TheNewestWhileTheNodesGoByIt) {
    claim(1, 4);
    const auto found = read_to_build_upon(*store_, bundle(4), "n1");
    ASSERT_TRUE(found) << found.error().what;
    EXPECT_EQ(found->generation, 4U);
    write(5);  // which this node has not taken over yet
    EXPECT_EQ(read_to_build_upon(*store_, bundle(4), "n1")->generation, 5U);
    damage(4);
    EXPECT_EQ(read_to_build_upon(*store_, bundle(5), "n1")->generation, 5U);
}

TEST_F(BuildUpon, NeverWhatIsOlderThanThisNodesOwn) {
    damage(4);
    const auto refused = read_to_build_upon(*store_, bundle(4), "n1");
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().what, HasSubstr("is generation 3, and n1 goes by generation 4"));
    EXPECT_THAT(refused.error().advice, HasSubstr("on n1: pando bundle write --rescue"));
}

TEST_F(BuildUpon, NeverWhatIsOlderThanThatOfAnotherNodeThatLives) {
    claim(2, 4);
    damage(4);
    const Beating up(file(), {2});
    const auto refused = read_to_build_upon(*store_, bundle(3), "n1");
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().advice, HasSubstr("on n2: pando bundle write --rescue"));
}

}  // namespace
}  // namespace pando::test
