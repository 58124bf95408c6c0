// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/description.h"

#include "config/load.h"
#include "lab/blade.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>

namespace pando::lab {
namespace {

using testing::HasSubstr;

TEST(LabDescription, LoadsAsTheClusterItDescribes) {
    const auto yaml = cluster_yaml({"grove", 3, {"ssh-ed25519 AAAA \"me\" \\o/"}});
    ASSERT_TRUE(yaml) << yaml.error().what;
    const auto cluster = config::load_text(*yaml, "cluster.yaml");
    ASSERT_TRUE(cluster) << cluster.error().what;
    EXPECT_FALSE(cluster->test);
    ASSERT_EQ(cluster->nodes.size(), 3U);
    EXPECT_EQ(cluster->nodes[2].name, "n3");
    EXPECT_EQ(cluster->nodes[2].id, 3U);
    EXPECT_EQ(cluster->nodes[2].cluster_address(), "10.77.0.13");
    EXPECT_EQ(cluster->nodes[2].nics.at(0).mac, "52:54:00:77:00:03");
    EXPECT_EQ(cluster->nodes[2].fence.at(0).options.at("ip"), "10.77.0.103");
    EXPECT_EQ(cluster->storage.iscsi->portals, std::vector<std::string>{"10.77.0.1:3260"});
    EXPECT_THAT(cluster->nodes[0].drivers, testing::Contains("virtio_net"));
    ASSERT_EQ(cluster->access.authorized_keys.size(), 1U);
    EXPECT_EQ(cluster->access.authorized_keys[0], "ssh-ed25519 AAAA \"me\" \\o/");
}

TEST(LabDescription, TheLargestLabLoadsAndNoTwoNodesShareAnything) {
    const auto yaml = cluster_yaml({"grove", most_blades, {}});
    ASSERT_TRUE(yaml);
    const auto cluster = config::load_text(*yaml, "cluster.yaml");
    ASSERT_TRUE(cluster) << cluster.error().what;
    std::set<std::string> seen;
    for (const auto& node : cluster->nodes) {
        EXPECT_TRUE(seen.insert(*node.machine.uuid).second);
        EXPECT_TRUE(seen.insert(*node.nics.at(0).mac).second);
        EXPECT_TRUE(seen.insert(node.cluster_address()).second);
        EXPECT_TRUE(seen.insert(node.fence.at(0).options.at("ip")).second);
        EXPECT_TRUE(seen.insert(node.fence.at(0).options.at("password")).second);
    }
}

TEST(LabDescription, TheSameLabIsDescribedTheSameAndAnotherIsAnother) {
    const auto one = cluster_yaml({"grove", 2, {}});
    const auto again = cluster_yaml({"grove", 2, {}});
    const auto other = cluster_yaml({"wood", 2, {}});
    ASSERT_TRUE(one && again && other);
    EXPECT_EQ(*one, *again);
    const auto a = config::load_text(*one, "a");
    const auto b = config::load_text(*other, "b");
    ASSERT_TRUE(a && b);
    EXPECT_NE(a->nodes[0].machine.uuid, b->nodes[0].machine.uuid);
}

TEST(LabDescription, OneInstalledRootServesEveryLabOfTheUsualSize) {
    const auto one = cluster_yaml({"grove", 1, {}});
    const auto four = cluster_yaml({"wood", 4, {}});
    ASSERT_TRUE(one && four);
    const auto a = config::load_text(*one, "a");
    const auto b = config::load_text(*four, "b");
    ASSERT_TRUE(a && b);
    EXPECT_EQ(a->lock_table(), b->lock_table());
    EXPECT_EQ(a->journals(), b->journals());
}

TEST(LabDescription, BadNamesAndCountsAreTheUsersToMend) {
    for (const char* name : {"", "1lab", "Lab", "a/b", "a b", "..", "a-name-that-goes-on-and-on"}) {
        const auto refused = cluster_yaml({name, 2, {}});
        ASSERT_FALSE(refused) << name;
        EXPECT_EQ(refused.error().kind, ErrorKind::bad_input);
        EXPECT_FALSE(refused.error().advice.empty());
    }
    EXPECT_FALSE(cluster_yaml({"lab", 0, {}}));
    EXPECT_FALSE(cluster_yaml({"lab", most_blades + 1, {}}));
}

}  // namespace
}  // namespace pando::lab
