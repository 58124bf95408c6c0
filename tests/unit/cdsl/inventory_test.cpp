// SPDX-License-Identifier: GPL-2.0-or-later
#include "cdsl/inventory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pando::cdsl {
namespace {

using testing::HasSubstr;

TEST(Inventory, ReadsBackWhatItWrote) {
    std::vector<Rule> rules = builtin_policy();
    rules.push_back({"/srv/odd: # name's \"x\" [é]", Mode::bind, Seed::copy, 01777, "because: it - is #odd", "node:n1",
                     When::present});
    rules.back().required = true;
    rules.back().declared = declared_root;
    const Inventory inventory{rules, {"/srv/data", "/srv/m: 2"}, "/srv"};
    const auto read = parse_inventory(inventory_text(inventory));
    ASSERT_TRUE(read) << read.error().what;
    EXPECT_EQ(*read, inventory);
}

TEST(Inventory, ReadsBackAnEmptyPolicy) {
    const auto read = parse_inventory(inventory_text({}));
    ASSERT_TRUE(read) << read.error().what;
    EXPECT_TRUE(read->rules.empty());
}

struct Broken {
    const char* name;
    const char* text;
    const char* says;
};

class BrokenInventory : public testing::TestWithParam<Broken> {};

TEST_P(BrokenInventory, IsBadInputWithTheCause) {
    const auto read = parse_inventory(GetParam().text);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().kind, ErrorKind::bad_input);
    EXPECT_THAT(read.error().what, HasSubstr(GetParam().says));
}

constexpr const char* tail = ", seed: copy, permissions: 0755, scope: all, when: always, why: x}]\n";
std::string with(const char* fields) { return std::string("version: 1\nrules: [{") + fields + tail; }

INSTANTIATE_TEST_SUITE_P(
    Texts, BrokenInventory,
    testing::Values(Broken{"empty", "", "is not a map"}, Broken{"scalar", "hello", "is not a map"},
                    Broken{"newer", "version: 3\nrules: []\n", "has version 3, this Pando reads version 2"},
                    Broken{"no_version", "rules: []\n", "version is missing"},
                    Broken{"no_rules", "version: 1\n", "has no list of rules"},
                    Broken{"torn", "version: 1\nrules:\n  - path: /var/log\n    mo", "cdsl.yaml"},
                    Broken{"not_yaml", "version: [1\n", "cdsl.yaml"},
                    Broken{"deep", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
                           "cdsl.yaml"},
                    Broken{"binary", "\x01\x02\x03", "cdsl.yaml"}),
    [](const auto& row) { return row.param.name; });

TEST(Inventory, RefusesWhatPolicyWouldRefuse) {
    const auto says = [](const std::string& text) {
        const auto read = parse_inventory(text);
        return read ? "was accepted" : read.error().what;
    };
    EXPECT_THAT(says(with("path: /a/../b, mode: bind")), HasSubstr("has a .."));
    EXPECT_THAT(says(with("path: /a, mode: magic")), HasSubstr("magic is no mode"));
    EXPECT_THAT(says(with("path: /a, mode: bind, colour: red")), HasSubstr("unknown key colour"));
    EXPECT_THAT(says("version: 1\nrules: [{path: /a, mode: bind, seed: copy, permissions: 0999, scope: all, when: "
                     "always, why: x}]\n"),
                HasSubstr("no octal permissions"));
}

TEST(Inventory, RefusesMoreThanItCouldEverBe) {
    const auto read = parse_inventory(std::string(5U << 20U, 'x'));
    ASSERT_FALSE(read);
    EXPECT_THAT(read.error().what, HasSubstr("longer than"));
}

TEST(Inventory, KeepsWhatNoPolicyNamesUnlessSomethingAroundItMakesItNeedless) {
    const Rule old{"/srv/old", Mode::bind, Seed::copy};
    const Rule inside{"/data/inside", Mode::bind, Seed::copy};
    const Rule around{"/data", Mode::bind, Seed::copy};
    const Inventory before{{inside, old}, {"/mnt"}, {}};
    EXPECT_EQ(leftovers({around}, before), std::vector<Rule>{old});
    EXPECT_EQ(inventory_for({around}, before), (Inventory{{around, old}, {"/mnt"}, {}}));
}

TEST(Inventory, OfAFilesystemHasTheRulesBelowItsMountPoint) {
    config::Cluster cluster;
    cluster.cdsl = {{"/srv/data/x", "bind", "all"}, {"/srv/database", "bind", "all"}};
    const Inventory root{{}, {"/srv/data"}, {}};
    const Inventory data{{}, {}, "/srv/data"};
    ASSERT_EQ(cluster_on(cluster, root).cdsl.size(), 1U);
    EXPECT_EQ(cluster_on(cluster, root).cdsl[0].path, "/srv/database");
    ASSERT_EQ(cluster_on(cluster, data).cdsl.size(), 1U);
    EXPECT_EQ(cluster_on(cluster, data).cdsl[0].path, "/x");
    EXPECT_TRUE(builtin_on(data).empty());
    EXPECT_FALSE(builtin_on(root).empty());
}

}  // namespace
}  // namespace pando::cdsl
