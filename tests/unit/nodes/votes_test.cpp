// SPDX-License-Identifier: GPL-2.0-or-later
#include "nodes/votes.h"

#include <gmock/gmock.h>

namespace pando::nodes {
namespace {

using testing::HasSubstr;

config::Cluster cluster_of(uint32_t nodes) {
    config::Cluster cluster;
    for (uint32_t id = 1; id <= nodes; ++id) cluster.nodes.push_back({.name = fmt::format("n{}", id), .id = id});
    return cluster;
}

Now of(uint32_t nodes, const std::vector<uint32_t>& members) {
    Now now;
    now.cluster = cluster_of(nodes);
    now.quorum = initrd::Quorum{.quorate = true, .votes = 0, .needed = 3, .expected = 5, .members = members};
    return now;
}
Now five_nodes(const std::vector<uint32_t>& members) { return of(5, members); }

TEST(Votes, TheRestKeepsQuorum) {
    EXPECT_TRUE(check_quorum_after(five_nodes({1, 2, 3}), {"n5"})) << "3 of 4";
    EXPECT_TRUE(check_quorum_after(five_nodes({1, 2, 3}), {"n4", "n5"})) << "3 of 3";
    EXPECT_TRUE(check_quorum_after(five_nodes({1, 2, 3}), {"n3", "n4", "n5"})) << "2 of 2";
    const auto refused = check_quorum_after(five_nodes({1, 2, 3}), {"n3"});
    ASSERT_FALSE(refused) << "2 of 4 would freeze";
    EXPECT_THAT(refused.error().what, HasSubstr("needs 3 votes, but only 2"));
    EXPECT_THAT(refused.error().advice, HasSubstr("n4 n5"));
    Now alone = five_nodes({1});
    alone.quorum->quorate = false;
    EXPECT_FALSE(check_quorum_after(alone, {"n5"}));
}

TEST(Votes, NodesThatAreNotThereAreNotAddedBeyondWhatTheMembersCarry) {
    EXPECT_TRUE(check_quorum_with(of(3, {1, 2, 3}), cluster_of(5))) << "3 of 5";
    const auto refused = check_quorum_with(of(3, {1, 2, 3}), cluster_of(6));
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().what, HasSubstr("with 6 nodes the cluster needs 4 votes, and 3 nodes are up"));
    EXPECT_THAT(refused.error().advice, HasSubstr("5 nodes are the most"));
    EXPECT_FALSE(check_quorum_with(of(3, {1, 2}), cluster_of(4))) << "2 of 4";
    EXPECT_TRUE(check_quorum_with(of(1, {1}), cluster_of(2))) << "of two nodes one is enough";
    EXPECT_FALSE(check_quorum_with(of(1, {1}), cluster_of(3)));
    EXPECT_FALSE(check_quorum_with(of(2, {1, 7}), cluster_of(3))) << "who is not described has no vote";
}

TEST(Votes, WhoIsSwitchedOffCountsUntilTheDescriptionHasChanged) {
    EXPECT_TRUE(check_quorum_while_off(of(4, {1, 2, 3, 4}), {"n4"})) << "3 of 4";
    EXPECT_FALSE(check_quorum_while_off(of(4, {1, 2, 3, 4}), {"n3", "n4"})) << "2 of 4, though 2 of 2 afterwards";
    EXPECT_FALSE(check_quorum_while_off(of(4, {1, 2, 3}), {"n3"}));
    EXPECT_TRUE(check_quorum_while_off(of(4, {1, 2, 3}), {"n4"})) << "it is off already";
    EXPECT_TRUE(check_quorum_while_off(of(2, {1, 2}), {"n2"}));
}

TEST(Votes, ASilentCorosyncIsNoQuorum) {
    Now now = of(3, {});
    now.quorum.reset();
    now.quorum_trouble = "Connection refused";
    const auto refused = check_quorum_with(now, cluster_of(3));
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().what, HasSubstr("Connection refused"));
}

}  // namespace
}  // namespace pando::nodes
