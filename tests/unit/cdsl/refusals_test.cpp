// SPDX-License-Identifier: GPL-2.0-or-later
// Which changes of a policy would take content out of sight, and which lose nothing.
#include "cdsl/refusals.h"

#include "base/file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pando::cdsl {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Rule rule(const char* path, Mode mode, const char* scope = "all") {
    const bool content = mode == Mode::bind || mode == Mode::link;
    Rule made{path, mode, content ? Seed::copy : Seed::empty, 0755, "", scope};
    made.declared = declared_cluster;
    return made;
}

class Refusals : public testing::Test {
protected:
    void SetUp() override {
        auto place = TemporaryDirectory::create("/tmp", "refusals");
        ASSERT_TRUE(place) << place.error().what;
        place_.emplace(std::move(*place));
        for (const char* name : {"n1", "n2", "n3"}) {
            config::Node node;
            node.name = name;
            node.profile = node.name == "n3" ? "storage" : "compute";
            cluster_.nodes.push_back(node);
            ASSERT_TRUE(make_directories(root() / ".pando/nodes" / name));
        }
        ASSERT_TRUE(make_directories(root() / ".pando/nodes/.template"));
    }

    fs::path root() const { return place_->path(); }
    void put(const std::string& path, const std::string& content = "x") const {
        const fs::path file = root() / fs::path(path).relative_path();
        ASSERT_TRUE(make_directories(file.parent_path()));
        ASSERT_TRUE(write_file_atomic(file, content));
    }
    void put_in(std::initializer_list<const char*> trees, const std::string& path) const {
        for (const char* tree : trees) put(std::string("/.pando/nodes/") + tree + path);
    }
    Settled settled(const std::vector<Rule>& before, const std::vector<Rule>& policy) const {
        auto done = settle(SharedRoot::open(root()).value(), cluster_, policy, Inventory{before, {}, {}});
        EXPECT_TRUE(done) << done.error().what;
        return done.value_or(Settled{});
    }
    // "PATH: TREE,TREE"
    std::vector<std::string> refused(const std::vector<Rule>& before, const std::vector<Rule>& policy) const {
        std::vector<std::string> lines;
        for (const Refusal& one : settled(before, policy).refused)
            lines.push_back(fmt::format("{}: {}", one.path.string(), fmt::join(one.trees, ",")));
        return lines;
    }

    config::Cluster cluster_;
    std::optional<TemporaryDirectory> place_;
};

TEST_F(Refusals, AnotherModeIsRefusedWhereATreeHasContent) {
    put_in({"n1", "n3"}, "/srv/x/file");
    for (const Mode mode : {Mode::tmpfs, Mode::shared, Mode::link})
        EXPECT_THAT(refused({rule("/srv/x", Mode::bind)}, {rule("/srv/x", mode)}), ElementsAre("/srv/x: n1,n3"));
    put_in({".template"}, "/etc/one");
    EXPECT_THAT(refused({rule("/etc/one", Mode::link)}, {rule("/etc/one", Mode::bind)}),
                ElementsAre("/etc/one: .template"));
}

TEST_F(Refusals, SayWhatIsOnDiskWhatIsWantedAndTheWordsThatSettleIt) {
    put_in({"n1", ".template"}, "/srv/x/file");
    const auto done =
        settled({rule("/srv/x", Mode::bind)}, {rule("/srv/new", Mode::bind), rule("/srv/x", Mode::tmpfs)});
    ASSERT_EQ(done.refused.size(), 1U);
    EXPECT_EQ(
        done.refused[0].text(),
        "is bind for all on disk, and cluster.yaml wants tmpfs for all: what n1, the template have there would be "
        "out of sight");
    EXPECT_EQ(done.refused[0].advice(""),
              "pando cdsl delete /srv/x keeps every copy and names it; then pando cdsl apply");
    EXPECT_THAT(done.refused[0].advice("/mnt"), HasSubstr("pando cdsl delete /mnt/srv/x "));
    EXPECT_EQ(done.policy, (std::vector<Rule>{rule("/srv/new", Mode::bind), rule("/srv/x", Mode::bind)}))
        << "the rest is applied";
}

TEST_F(Refusals, ANarrowerScopeIsRefusedForWhoWouldLoseContent) {
    put_in({"n1", "n2"}, "/srv/x/file");
    const std::vector<Rule> all = {rule("/srv/x", Mode::bind)};
    EXPECT_THAT(refused(all, {rule("/srv/x", Mode::bind, "node:n1")}), ElementsAre("/srv/x: n2"));
    EXPECT_THAT(refused(all, {rule("/srv/x", Mode::bind, "profile:storage")}), ElementsAre("/srv/x: n1,n2"));
    EXPECT_THAT(refused(all, {rule("/srv/x", Mode::bind, "profile:compute")}), IsEmpty()) << "n3 has nothing there";
    EXPECT_THAT(refused(all, {rule("/srv/x", Mode::bind), rule("/srv/x", Mode::tmpfs, "node:n2")}),
                ElementsAre("/srv/x: n2"));
    EXPECT_THAT(refused({rule("/srv/x", Mode::bind, "node:n1")}, {rule("/srv/x", Mode::bind, "node:n3")}),
                ElementsAre("/srv/x: n1"));
}

TEST_F(Refusals, WhatLosesNothingIsNone) {
    put_in({"n1", "n2", ".template"}, "/srv/x/file");
    const std::vector<Rule> one = {rule("/srv/x", Mode::bind, "node:n1")};
    EXPECT_THAT(refused(one, {rule("/srv/x", Mode::bind)}), IsEmpty()) << "a wider scope";
    EXPECT_THAT(refused({rule("/srv/x", Mode::tmpfs)}, {rule("/srv/x", Mode::bind)}), IsEmpty());
    EXPECT_THAT(refused({rule("/srv/x", Mode::bind)}, {rule("/srv", Mode::bind)}), IsEmpty())
        << "seen in the one around";
    EXPECT_THAT(refused({rule("/srv/x", Mode::bind)}, {}), IsEmpty()) << "it is left over, and stays";
    Rule said_again = rule("/srv/x", Mode::bind);
    said_again.required = true;
    EXPECT_THAT(refused({rule("/srv/x", Mode::bind)}, {said_again}), IsEmpty());
    // Copies in which nothing is.
    ASSERT_TRUE(make_directories(root() / ".pando/nodes/n1/srv/empty"));
    put("/.pando/nodes/n2/etc/empty", "");
    EXPECT_THAT(refused({rule("/etc/empty", Mode::link), rule("/srv/empty", Mode::bind)},
                        {rule("/etc/empty", Mode::bind), rule("/srv/empty", Mode::tmpfs)}),
                IsEmpty());
}

TEST_F(Refusals, OfAPlaceForAnotherRuleTheContentIsThatRules) {
    ASSERT_TRUE(make_directories(root() / ".pando/nodes/n1/srv/a/pub"));
    EXPECT_THAT(refused({rule("/srv/a", Mode::bind), rule("/srv/a/pub", Mode::shared)},
                        {rule("/srv/a", Mode::tmpfs), rule("/srv/a/pub", Mode::shared)}),
                IsEmpty())
        << "a mount point alone";
    put_in({"n1"}, "/srv/a/other");
    EXPECT_THAT(refused({rule("/srv/a", Mode::bind), rule("/srv/a/pub", Mode::shared)},
                        {rule("/srv/a", Mode::tmpfs), rule("/srv/a/pub", Mode::shared)}),
                ElementsAre("/srv/a: n1"));
}

TEST_F(Refusals, WhatIsSharedInsideSomethingPrivateCountsAsWell) {
    put("/srv/a/pub/file");
    const std::vector<Rule> before = {rule("/srv/a", Mode::bind), rule("/srv/a/pub", Mode::shared)};
    EXPECT_THAT(refused(before, {rule("/srv/a", Mode::bind), rule("/srv/a/pub", Mode::tmpfs)}),
                ElementsAre("/srv/a/pub: n1,n2,n3"));
    EXPECT_THAT(refused(before, {rule("/srv/a", Mode::bind), rule("/srv/a/pub", Mode::shared, "node:n2")}),
                ElementsAre("/srv/a/pub: n1,n3"));
}

TEST_F(Refusals, ANewRuleThatWouldHideWhatLiesBelowItIsRefused) {
    put_in({"n1"}, "/srv/one");
    const auto done = settled({rule("/srv/one", Mode::link)}, {rule("/opt/x", Mode::bind), rule("/srv", Mode::tmpfs)});
    ASSERT_EQ(done.refused.size(), 2U);
    EXPECT_EQ(done.refused[0].path, "/srv");
    EXPECT_EQ(done.refused[0].text(),
              "cluster.yaml wants tmpfs for all: what n1 has in /srv/one would be out of sight");
    EXPECT_THAT(done.refused[0].advice(""), HasSubstr("pando cdsl delete /srv/one "));
    EXPECT_EQ(done.policy, (std::vector<Rule>{rule("/opt/x", Mode::bind), rule("/srv/one", Mode::link)}));
}

TEST_F(Refusals, ARuleAroundItThatIsNotForEveryNodeKeepsTheOld) {
    put_in({"n1", "n3"}, "/srv/x/file");
    const auto done = settled({rule("/srv/x", Mode::bind)}, {rule("/srv", Mode::bind, "profile:compute")});
    ASSERT_EQ(done.refused.size(), 1U);
    EXPECT_THAT(done.refused[0].trees, ElementsAre("n3"));
    const auto of_n3 = rules_of_node(inventory_for(done.policy, {done.policy, {}, {}}).rules, "n3", "storage");
    ASSERT_EQ(of_n3.size(), 1U);
    EXPECT_EQ(of_n3[0].path, "/srv/x");
}

}  // namespace
}  // namespace pando::cdsl
