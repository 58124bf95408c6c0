// SPDX-License-Identifier: GPL-2.0-or-later
#include "cdsl/policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <algorithm>

namespace pando::cdsl {
namespace {

using testing::HasSubstr;

config::Cluster grove(std::vector<config::CdslRule> rules = {}) {
    config::Cluster cluster;
    cluster.name = "grove";
    for (const char* name : {"n1", "n2", "n3"}) {
        config::Node node;
        node.name = name;
        node.profile = node.name == "n3" ? "storage" : "compute";
        cluster.nodes.push_back(node);
    }
    cluster.cdsl = std::move(rules);
    return cluster;
}

const Rule* find(const std::vector<Rule>& rules, std::string_view path) {
    const auto at = std::find_if(rules.begin(), rules.end(), [&](const Rule& rule) { return rule.path == path; });
    return at == rules.end() ? nullptr : &*at;
}

std::vector<Rule> policy_of(const config::Cluster& cluster, std::string_view node) {
    auto rules = policy_for(cluster, *cluster.find_node(node));
    if (!rules) ADD_FAILURE() << rules.error().what;
    return rules.value_or(std::vector<Rule>{});
}

Error refusal(std::vector<config::CdslRule> rules) {
    const auto cluster = grove(std::move(rules));
    const auto result = policy_for(cluster, cluster.nodes[0]);
    if (result) ADD_FAILURE() << "was not refused";
    return result ? Error{} : result.error();
}

TEST(BuiltinPolicy, EveryRuleSaysWhyAndHasAPathThatACheckAccepts) {
    for (const Rule& rule : builtin_policy()) {
        EXPECT_FALSE(rule.why.empty()) << rule.path;
        const auto path = checked_path(rule.path.native());
        ASSERT_TRUE(path) << path.error().what;
        EXPECT_EQ(*path, rule.path);
    }
}

TEST(BuiltinPolicy, IsWholeForANodeWithoutRulesOfItsOwn) {
    EXPECT_EQ(policy_of(grove(), "n1").size(), builtin_policy().size());
}

TEST(BuiltinPolicy, KeepsThePackageManagersStateShared) {
    const auto rules = policy_of(grove(), "n1");
    for (const char* path : {"/var/lib/dpkg", "/var/lib/apt", "/usr", "/etc", "/home", "/root"})
        for (const Rule& rule : rules) EXPECT_FALSE(rule.path == path || is_below(path, rule.path)) << rule.path;
    ASSERT_NE(find(rules, "/var/cache/apt"), nullptr);
    EXPECT_EQ(find(rules, "/var/cache/apt")->mode, Mode::shared);
}

TEST(PolicyFor, TakesFromClusterYamlAllThatARuleHas) {
    config::CdslRule given{"/srv/x", "bind", "all", "empty", "0750", "present", "a test", true};
    const auto rules = policy_of(grove({given}), "n1");
    const Rule* made = find(rules, "/srv/x");
    ASSERT_NE(made, nullptr);
    Rule wanted{"/srv/x", Mode::bind, Seed::empty, 0750, "a test", "all", When::present, true};
    wanted.declared = declared_cluster;
    EXPECT_EQ(*made, wanted);
    // What is not said is as the built-in rule has it.
    const auto again = policy_of(grove({{"/var/tmp", "bind", "all"}}), "n1");
    EXPECT_EQ(find(again, "/var/tmp")->seed, Seed::empty);
    EXPECT_EQ(find(again, "/var/tmp")->permissions, 01777U);
    EXPECT_TRUE(find(again, "/var/tmp")->required);
    given = {"/var/tmp", "bind", "all"};
    given.required = false;
    EXPECT_FALSE(find(policy_of(grove({given}), "n1"), "/var/tmp")->required);
}

TEST(PolicyFor, RefusesDetailsThatNoRuleHas) {
    EXPECT_THAT(refusal({{"/x", "bind", "all", "half"}}).what, HasSubstr("seed half is not known"));
    EXPECT_THAT(refusal({{"/x", "bind", "all", {}, "0999"}}).what, HasSubstr("0999 are no octal permissions"));
    EXPECT_THAT(refusal({{"/x", "bind", "all", {}, {}, "often"}}).what, HasSubstr("when often is not known"));
}

TEST(PolicyFor, HasParentsBeforeChildren) {
    const auto rules = policy_of(grove({{"/var/cache/apt/a/b", "tmpfs", "all"}, {"/srv/x", "bind", "all"}}), "n1");
    for (size_t i = 0; i < rules.size(); ++i)
        for (size_t k = 0; k < i; ++k) EXPECT_FALSE(is_below(rules[k].path, rules[i].path));
}

TEST(PolicyFor, GivesARuleToTheNodesOfItsScopeOnly) {
    const auto cluster = grove(
        {{"/srv/all", "bind", "all"}, {"/srv/fast", "tmpfs", "profile:compute"}, {"/srv/one", "bind", "node:n2"}});
    EXPECT_NE(find(policy_of(cluster, "n1"), "/srv/all"), nullptr);
    EXPECT_NE(find(policy_of(cluster, "n1"), "/srv/fast"), nullptr);
    EXPECT_EQ(find(policy_of(cluster, "n1"), "/srv/one"), nullptr);
    EXPECT_NE(find(policy_of(cluster, "n2"), "/srv/one"), nullptr);
    EXPECT_EQ(find(policy_of(cluster, "n3"), "/srv/fast"), nullptr);
}

TEST(PolicyFor, LetsTheNarrowerScopeWin) {
    const auto cluster = grove({{"/srv/x", "bind", "node:n1"},
                                {"/srv/x", "tmpfs", "profile:compute"},
                                {"/srv/x", "bind", "all"},
                                {"/var/tmp", "tmpfs", "all"}});
    EXPECT_EQ(find(policy_of(cluster, "n1"), "/srv/x")->mode, Mode::bind);
    EXPECT_EQ(find(policy_of(cluster, "n2"), "/srv/x")->mode, Mode::tmpfs);
    EXPECT_EQ(find(policy_of(cluster, "n3"), "/srv/x")->mode, Mode::bind);
    EXPECT_EQ(find(policy_of(cluster, "n1"), "/var/tmp")->mode, Mode::tmpfs) << "the cluster's own beats the built-in";
}

TEST(PolicyFor, DropsBuiltInRulesThatTheClustersOwnMakeNeedless) {
    const auto rules = policy_of(grove({{"/etc", "bind", "all"}}), "n1");
    EXPECT_NE(find(rules, "/etc"), nullptr);
    EXPECT_EQ(find(rules, "/etc/hostname"), nullptr);
}

TEST(PolicyFor, NestsPrivateAndSharedToAnyDepth) {
    const auto rules = policy_of(grove({{"/a", "bind", "all"},
                                        {"/a/b", "shared", "all"},
                                        {"/a/b/c", "bind", "all"},
                                        {"/a/b/c/d", "shared", "all"},
                                        {"/a/b/c/d/e", "bind", "all"},
                                        {"/a/b/c/d/e/f", "shared", "all"}}),
                                 "n1");
    EXPECT_NE(find(rules, "/a/b/c/d/e/f"), nullptr);
}

TEST(PolicyFor, TakesASlashAtTheEndAndDoubledSlashesForTheSamePath) {
    EXPECT_NE(find(policy_of(grove({{"/srv//x/", "bind", "all"}}), "n1"), "/srv/x"), nullptr);
}

struct Refused {
    const char* name;
    std::string path;
    std::string says;
};

class RefusedPath : public testing::TestWithParam<Refused> {};

TEST_P(RefusedPath, IsBadInputThatNamesTheCause) {
    const auto& [name, path, says] = GetParam();
    const Error error = refusal({{path, "bind", "all"}});
    EXPECT_EQ(error.kind, ErrorKind::bad_input);
    EXPECT_THAT(error.what, HasSubstr(says));
    for (const char c : error.what) EXPECT_GE(static_cast<unsigned char>(c), 0x20) << "raw control character shown";
}

INSTANTIATE_TEST_SUITE_P(
    Paths, RefusedPath,
    testing::Values(Refused{"empty", "", "(empty)"}, Refused{"relative", "var/log", "is not absolute"},
                    Refused{"dots", "/var/../etc", "has a .."}, Refused{"dot", "/var/./log", "has a ."},
                    Refused{"root", "/", "the root itself"}, Refused{"slashes", "///", "the root itself"},
                    Refused{"nul", std::string("/var\0/log", 9), "control character"},
                    Refused{"newline", "/var/lo\ng", "control character"},
                    Refused{"utf8", "/var/\xff\xfe", "is not UTF-8"}, Refused{"proc", "/proc", "running kernel"},
                    Refused{"sys", "/sys/fs", "running kernel"}, Refused{"dev", "/dev/shm", "running kernel"},
                    Refused{"run", "/run/x", "running kernel"}, Refused{"pando", "/.pando", "nodes' trees"},
                    Refused{"below", "/.pando/nodes/n2", "nodes' trees"},
                    Refused{"name", "/srv/" + std::string(256, 'x'), "longer than 255"},
                    Refused{"long",
                            [] {
                                std::string path;
                                while (path.size() < 4096) path += "/" + std::string(100, 'x');
                                return path;
                            }(),
                            "longer than 4095"}),
    [](const auto& row) { return row.param.name; });

TEST(CheckedPath, AcceptsTheLongestNameThereCanBe) { EXPECT_TRUE(checked_path("/srv/" + std::string(255, 'x'))); }

TEST(CheckedPath, AcceptsUtf8) { EXPECT_TRUE(checked_path("/srv/größe")); }

TEST(PolicyFor, RefusesAnUnknownMode) {
    EXPECT_THAT(refusal({{"/srv/x", "overlay", "all"}}).what, HasSubstr("mode overlay is not known"));
}

TEST(PolicyFor, RefusesScopesThatNameNothing) {
    EXPECT_THAT(refusal({{"/srv/x", "bind", "n1"}}).what, HasSubstr("scope n1 is not known"));
    EXPECT_THAT(refusal({{"/srv/x", "bind", "node:"}}).what, HasSubstr("scope node: is not known"));
    EXPECT_THAT(refusal({{"/srv/x", "bind", "node:n9"}}).what, HasSubstr("there is no node n9"));
}

TEST(PolicyFor, RefusesALinkForSomeNodes) {
    EXPECT_THAT(refusal({{"/etc/x", "link", "node:n1"}}).what, HasSubstr("for every node"));
}

TEST(PolicyFor, RefusesTheSameRuleTwice) {
    EXPECT_THAT(refusal({{"/srv/x", "bind", "all"}, {"/srv/x/", "tmpfs", "all"}}).what, HasSubstr("declared twice"));
}

TEST(PolicyFor, RefusesWhatIsPrivateOrSharedAlready) {
    EXPECT_THAT(refusal({{"/var/log/app", "bind", "all"}}).what, HasSubstr("private already, it lies in /var/log"));
    EXPECT_THAT(refusal({{"/var/log/one", "link", "all"}}).what, HasSubstr("private already"));
    EXPECT_THAT(refusal({{"/srv/x", "shared", "all"}}).what, HasSubstr("is shared already"));
    EXPECT_THAT(refusal({{"/etc/hostname/x", "bind", "all"}}).what, HasSubstr("which is a single file"));
}

Rule added(const char* path, Mode mode, const char* scope = "all") {
    Rule rule{path, mode, Seed::copy, 0755, "x", scope};
    rule.declared = declared_root;
    return rule;
}

TEST(PolicyFor, TakesTheRootsAdditionsAfterClusterYamlAndBeforeTheBuiltInRules) {
    const auto cluster = grove({{"/srv/both", "bind", "all"}});
    const std::vector<Rule> additions = {added("/srv/both", Mode::tmpfs), added("/srv/own", Mode::bind, "node:n1"),
                                         added("/var/tmp", Mode::tmpfs)};
    const auto rules = policy_for(cluster, cluster.nodes[0], additions).value();
    EXPECT_EQ(find(rules, "/srv/both")->mode, Mode::bind);
    EXPECT_EQ(find(rules, "/srv/both")->declared, declared_cluster);
    EXPECT_EQ(find(rules, "/srv/own")->declared, declared_root);
    EXPECT_EQ(find(rules, "/var/tmp")->mode, Mode::tmpfs);
    EXPECT_EQ(find(policy_for(cluster, cluster.nodes[1], additions).value(), "/srv/own"), nullptr);
}

TEST(PolicyFor, LeavesOutAnAdditionThatMakesNoSense) {
    const auto cluster = grove({{"/srv", "bind", "all"}});
    const auto rules = policy_for(cluster, cluster.nodes[0], {added("/srv/inside", Mode::bind)});
    ASSERT_TRUE(rules) << "a change of cluster.yaml must not keep a node from booting";
    EXPECT_EQ(find(*rules, "/srv/inside"), nullptr);
}

TEST(BuiltinPolicy, RequiresWhatEveryNodeHas) {
    for (const Rule& rule : builtin_policy()) EXPECT_EQ(rule.required, rule.when == When::always) << rule.path;
}

TEST(PolicyForRoot, HasTheRulesOfAllNodes) {
    const auto cluster =
        grove({{"/srv/one", "bind", "node:n2"}, {"/srv/x", "tmpfs", "node:n1"}, {"/srv/x", "bind", "node:n2"}});
    const auto rules = policy_for_root(cluster);
    ASSERT_TRUE(rules) << rules.error().what;
    EXPECT_NE(find(*rules, "/srv/one"), nullptr);
    EXPECT_EQ(std::count_if(rules->begin(), rules->end(), [](const Rule& rule) { return rule.path == "/srv/x"; }), 2);
    const auto once = merged(*rules);
    ASSERT_NE(find(once, "/srv/x"), nullptr);
    EXPECT_EQ(find(once, "/srv/x")->mode, Mode::bind) << "the node that binds needs a template";
    for (const auto& node : cluster.nodes)
        EXPECT_EQ(rules_of_node(*rules, node.name, node.profile), policy_of(cluster, node.name)) << node.name;
}

TEST(PolicyForRoot, RefusesALinkThatOneNodeWantsOtherwise) {
    const auto rules = policy_for_root(grove({{"/etc/hosts", "bind", "node:n2"}}));
    ASSERT_FALSE(rules);
    EXPECT_THAT(rules.error().what, HasSubstr("is a link for every node and cannot be bind for n2"));
}

}  // namespace
}  // namespace pando::cdsl
