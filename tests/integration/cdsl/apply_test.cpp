// SPDX-License-Identifier: GPL-2.0-or-later
// plan, apply and delete as they are called, while cluster.yaml changes under a root that nodes have booted from.
#include "cdsl/additions.h"
#include "cdsl/inventory.h"
#include "tests/integration/cdsl/world.h"

#include <sys/mount.h>
#include <fstream>
#include <nlohmann/json.hpp>

namespace pando::cdsl {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class Apply : public World {
protected:
    void SetUp() override {
        World::SetUp();
        put("/srv/x/file", "shared");
        put("/srv/new/file", "shared");
        declare("  - {path: /srv/x, mode: bind}\n");
        ASSERT_EQ(pando({"apply"}).status, 0);
        for (const char* node : {"n1", "n2"})
            as_node([&] {
                boot(node);
                put("/srv/x/file", std::string("of ") + node);
            });
        as_node([&] { boot("n3"); });
        fs::remove(root() / ".pando/nodes/n3/srv/x/file");
    }

    // The description with these entries of cdsl:, for nodes n1 to n3 of the profile blade.
    void declare(const std::string& entries) const {
        std::string text = read_file(fs::path(TEST_DATA) / "../../docs/examples/cluster.yaml").value();
        for (size_t at = 0; (at = text.find("aspen", at)) != std::string::npos;) text.replace(at, 5, "n");
        const size_t from = text.find("\ncdsl:\n") + 1;
        text.replace(from, text.find("profiles:") - from, entries.empty() ? "" : "cdsl:\n" + entries + "\n");
        put("/cluster.yaml", text);
    }

    Finished pando(const std::vector<std::string>& words) const {
        std::vector<std::string> argv = {std::string(PANDO_BINARY_DIR) + "/cli/pando",
                                         "cdsl",
                                         words.at(0),
                                         "--root",
                                         root().string(),
                                         "--cluster",
                                         (root() / "cluster.yaml").string()};
        argv.insert(argv.end(), words.begin() + 1, words.end());
        auto done = run({.argv = argv});
        EXPECT_TRUE(done) << done.error().what;
        return done.value_or(Finished{255, "", ""});
    }
    nlohmann::json json(std::vector<std::string> words) const {
        words.emplace_back("--json");
        const auto said = pando(words).out;
        const auto parsed = nlohmann::json::parse(said, nullptr, false);
        EXPECT_FALSE(parsed.is_discarded()) << said;
        return parsed;
    }

    void boot(const std::string& node) const {
        NodeFacts facts = facts_of(node);
        facts.profile = "blade";
        const auto mapped = map(root(), {}, facts);
        ASSERT_TRUE(mapped) << mapped.error().what;
        EXPECT_THAT(mapped->failures, IsEmpty());
    }
    std::string as_seen_by(const std::string& node, const std::string& path) const {
        const fs::path said = root() / ".pando/said";
        as_node([&] {
            boot(node);
            ASSERT_TRUE(write_file_atomic(said, get(path)));
        });
        return read_file(said).value_or("(nothing)");
    }
    // "MODE SCOPE" of the inventory.
    std::vector<std::string> on_disk(const std::string& path) const {
        std::vector<std::string> lines;
        const auto inventory = read_inventory_of(root()).value();
        for (const Rule& rule : inventory->rules)
            if (rule.path == path) lines.push_back(fmt::format("{} {}", name_of(rule.mode), rule.scope));
        return lines;
    }
};

TEST_F(Apply, ANodeThatRunsCreatesAndDeletesWhatItHasMounted) {
    as_node([&] {
        boot("n1");
        ASSERT_EQ(pando({"create", "/srv/new"}).status, 0);
        put("/srv/new/file", "of n1");
        put("/srv/new/more", "of n1");
        const auto deleted = pando({"delete", "/srv/new"});
        EXPECT_EQ(deleted.status, 0) << deleted.err;
        EXPECT_THAT(deleted.err, HasSubstr("kept: /.pando/kept/srv_new.n1.1"));
        EXPECT_EQ(get("/srv/new/file"), "shared");
        EXPECT_EQ(get("/srv/new/more"), "(none)");
        EXPECT_EQ(get("/.pando/kept/srv_new.n1.1/more"), "of n1");

        ASSERT_EQ(pando({"create", "/srv/new/file"}).status, 0);
        std::ofstream(root() / "srv/new/file") << "n1's file";  // through the link
        EXPECT_EQ(pando({"delete", "/srv/new/file"}).status, 0);
        EXPECT_EQ(get("/srv/new/file"), "n1's file");
        EXPECT_FALSE(fs::is_symlink(root() / "srv/new/file"));
    });
}

TEST_F(Apply, ADeletionThatIsRefusedLeavesWhatIsMounted) {
    as_node([&] {
        boot("n1");
        ASSERT_EQ(pando({"create", "/srv/new"}).status, 0);
        put("/srv/new/file", "of n1");
        put("/.pando/journal/9.yaml", "version: 99\n");  // of a newer Pando
        const auto refused = pando({"delete", "/srv/new"});
        EXPECT_EQ(refused.status, 1);
        EXPECT_EQ(get("/srv/new/file"), "of n1");
    });
}

TEST_F(Apply, ANodeThatTheDescriptionLacksKeepsItsMounts) {
    as_node([&] {
        boot("n1");
        std::string text = read_file(root() / "cluster.yaml").value();
        for (size_t at = 0; (at = text.find("n1", at)) != std::string::npos;) text.replace(at, 2, "m1");
        put("/cluster.yaml", text);
        const auto applied = pando({"apply"});
        EXPECT_NE(applied.status, 0);
        EXPECT_THAT(applied.err, HasSubstr("n1 is not in the description"));
        EXPECT_EQ(get("/srv/x/file"), "of n1");
    });
}

TEST_F(Apply, AnotherModeIsRefusedAndTheRestIsDone) {
    declare("  - {path: /srv/new, mode: bind}\n  - {path: /srv/x, mode: tmpfs}\n");
    const auto plan = pando({"plan"});
    EXPECT_THAT(plan.out, AllOf(HasSubstr("copy /srv/new to the template\n"),
                                HasSubstr("refused: /srv/x is bind for all on disk, and cluster.yaml wants tmpfs for "
                                          "all: what n1, n2, the template have there would be out of sight\n"
                                          "  -> pando cdsl delete /srv/x keeps every copy")));
    const auto planned = json({"plan"});
    ASSERT_EQ(planned["refused"].size(), 1U);
    EXPECT_EQ(planned["refused"][0]["path"], "/srv/x");
    EXPECT_EQ(planned["refused"][0]["on_disk"][0]["mode"], "bind");
    EXPECT_EQ(planned["refused"][0]["wanted"][0]["mode"], "tmpfs");

    const auto applied = pando({"apply"});
    EXPECT_EQ(applied.status, 1);
    EXPECT_THAT(applied.err, AllOf(HasSubstr("/srv/x is bind for all on disk"), HasSubstr("pando cdsl delete /srv/x")));
    EXPECT_THAT(on_disk("/srv/new"), ElementsAre("bind all")) << "one bad rule holds up nothing else";
    EXPECT_THAT(on_disk("/srv/x"), ElementsAre("bind all"));
    EXPECT_EQ(as_seen_by("n2", "/srv/x/file"), "of n2");
    for (const char* node : {"n1", "n3"}) as_node([&] { boot(node); });  // that have /srv/new from then on

    const auto checked = pando({"check"});
    EXPECT_EQ(checked.status, 1);
    EXPECT_THAT(checked.out, AllOf(HasSubstr("/srv/x: is bind for all on disk, and cluster.yaml wants tmpfs"),
                                   HasSubstr("-> pando cdsl delete /srv/x keeps every copy"),
                                   HasSubstr("1 difference from the policy")));
    EXPECT_THAT(pando({"list"}).out, testing::ContainsRegex("/srv/x +bind +all +change refused"));
    EXPECT_THAT(pando({"explain", "/srv/x/file"}).out, Not(HasSubstr("reaches every node")));
}

TEST_F(Apply, DeletingWhatWasRefusedSettlesIt) {
    declare("  - {path: /srv/x, mode: tmpfs}\n");
    EXPECT_EQ(pando({"apply"}).status, 1);
    const auto deleted = pando({"delete", "/srv/x"});
    EXPECT_EQ(deleted.status, 0) << deleted.err;
    EXPECT_THAT(deleted.err,
                AllOf(HasSubstr("kept: /.pando/kept/srv_x.n1.1"), HasSubstr("kept: /.pando/kept/srv_x.n2.1")));
    EXPECT_EQ(get("/.pando/kept/srv_x.n2.1/file"), "of n2");
    EXPECT_THAT(on_disk("/srv/x"), IsEmpty());
    EXPECT_EQ(as_seen_by("n1", "/srv/x/file"), "shared") << "until it is applied";
    EXPECT_THAT(pando({"check"}).out, HasSubstr("/srv/x: cluster.yaml has it (mode tmpfs, scope all), this root does "
                                                "not yet\n  -> pando cdsl apply"));
    const auto applied = pando({"apply"});
    EXPECT_EQ(applied.status, 0) << applied.err;
    EXPECT_THAT(on_disk("/srv/x"), ElementsAre("tmpfs all"));
    EXPECT_EQ(as_seen_by("n1", "/srv/x/file"), "(none)");
    EXPECT_THAT(pando({"delete", "/srv/x"}).err, HasSubstr("/srv/x is declared in cluster.yaml"))
        << "what is as declared is taken out there";
}

TEST_F(Apply, ANarrowerScopeIsRefusedUntilTheCopiesWereDeleted) {
    declare("  - {path: /srv/x, mode: bind, scope: \"node:n1\"}\n");
    const auto applied = pando({"apply"});
    EXPECT_EQ(applied.status, 1);
    EXPECT_THAT(applied.err, HasSubstr("cluster.yaml wants bind for node:n1: what n2 has there would be out of sight"));
    EXPECT_EQ(as_seen_by("n2", "/srv/x/file"), "of n2");
    ASSERT_EQ(pando({"delete", "/srv/x"}).status, 0);
    ASSERT_EQ(pando({"apply"}).status, 0);
    EXPECT_THAT(on_disk("/srv/x"), ElementsAre("bind node:n1"));
    EXPECT_EQ(as_seen_by("n2", "/srv/x/file"), "shared");
    EXPECT_EQ(as_seen_by("n1", "/srv/x/file"), "shared") << "a copy of its own";
    EXPECT_EQ(pando({"check"}).out.find("/srv/x"), std::string::npos);
    // And wider again: nobody loses anything.
    declare("  - {path: /srv/x, mode: bind}\n");
    EXPECT_EQ(pando({"apply"}).status, 0);
    EXPECT_THAT(on_disk("/srv/x"), ElementsAre("bind all"));
    declare("  - {path: /srv/x, mode: bind, scope: \"profile:blade\"}\n");
    EXPECT_EQ(pando({"apply"}).status, 0) << "all nodes are of the profile";
}

TEST_F(Apply, ContentOfANodeThatTheScopeDoesNotHaveIsNamed) {
    declare("  - {path: /srv/y, mode: bind, scope: \"node:n1\"}\n  - {path: /srv/x, mode: bind}\n");
    ASSERT_EQ(pando({"apply"}).status, 0);
    as_node([&] { boot("n1"); });
    put("/.pando/nodes/n2/srv/y/file", "put there by hand");
    EXPECT_THAT(pando({"check"}).out, AllOf(HasSubstr("/.pando/nodes/n2/srv/y (n2): a rule for other nodes names it"),
                                            HasSubstr("1 difference from the policy")));
    fs::remove(root() / ".pando/nodes/n2/srv/y/file");
    EXPECT_EQ(pando({"check"}).status, 0) << "an empty directory is nobody's loss";
}

TEST_F(Apply, ARuleOverABuiltInOneTakesNoContentOutOfSight) {
    const std::string entries = "  - {path: /srv/x, mode: bind}\n  - {path: /var/tmp, mode: tmpfs}\n";
    put("/.pando/nodes/n2/var/tmp/work", "of n2");
    declare(entries);
    const auto applied = pando({"apply"});
    EXPECT_EQ(applied.status, 1);
    EXPECT_THAT(applied.err,
                HasSubstr("/var/tmp is bind for all on disk, and cluster.yaml wants tmpfs for all: what n2 "
                          "has there would be out of sight"));
    EXPECT_EQ(as_seen_by("n2", "/var/tmp/work"), "of n2");
    fs::remove(root() / ".pando/nodes/n2/var/tmp/work");
    EXPECT_EQ(pando({"apply"}).status, 0) << "directories in which nothing is are nothing to lose";
    EXPECT_THAT(on_disk("/var/tmp"), ElementsAre("tmpfs all"));
    EXPECT_EQ(pando({"check"}).out.find("/var/tmp"), std::string::npos);
}

TEST_F(Apply, OnARunningNodeWhatIsRefusedStaysMounted) {
    declare("  - {path: /srv/x, mode: tmpfs}\n");
    as_node([&] {
        boot("n1");
        EXPECT_EQ(pando({"apply"}).status, 1);
        EXPECT_EQ(get("/srv/x/file"), "of n1");
        const auto deleted = pando({"delete", "/srv/x"});
        EXPECT_EQ(deleted.status, 0) << deleted.err;
        EXPECT_EQ(get("/srv/x/file"), "shared");
        EXPECT_EQ(pando({"apply"}).status, 0);
        EXPECT_EQ(get("/srv/x/file"), "(none)");
    });
}

TEST_F(Apply, WhatIsLeftOverIsMappedAndSaidSoEverywhere) {
    declare("");
    EXPECT_EQ(pando({"apply"}).status, 0);
    EXPECT_EQ(as_seen_by("n2", "/srv/x/file"), "of n2");
    EXPECT_THAT(pando({"list"}).out, testing::ContainsRegex("/srv/x +bind +all +left over"));
    EXPECT_THAT(pando({"explain", "/srv/x/file"}).out, Not(HasSubstr("reaches every node")));
    const auto checked = pando({"check"});
    EXPECT_THAT(checked.out, AllOf(HasSubstr("/srv/x: is on this root"), HasSubstr("1 difference from the policy")))
        << "its copies are not unnamed";
}

TEST_F(Apply, APlanForNodesSaysWhatIsDoneForEach) {
    put("/etc/motd", "welcome");
    fs::remove_all(root() / ".pando/nodes/n3");
    declare(
        "  - {path: /srv/x, mode: bind}\n  - {path: /srv/new, mode: bind, scope: \"node:n2\"}\n"
        "  - {path: /etc/motd, mode: link}\n");
    EXPECT_EQ(pando({"plan", "--node", "n[1-2]"}).out,
              "n1, n2: copy /etc/motd to its tree\n"
              "n1, n2: link /etc/motd (link), at once\n"
              "n2: copy /srv/new to its tree\n"
              "n2: mount /srv/new (bind), at its next boot, or by apply there\n");
    EXPECT_THAT(pando({"plan", "--node", "n3"}).out, HasSubstr("n3: make its tree from the template"));
    const auto planned = json({"plan", "--node", "n2"});
    ASSERT_EQ(planned.size(), 1U);
    EXPECT_EQ(planned[0]["copies"], nlohmann::json({"/etc/motd", "/srv/new"}));
    EXPECT_EQ(planned[0]["gains"].size(), 2U);
    EXPECT_EQ(pando({"plan", "--node", "n9"}).status, 2);

    // A copy of a bind is made later than the apply that makes the template's: until then the plan has it.
    ASSERT_EQ(pando({"apply"}).status, 0);
    EXPECT_EQ(pando({"plan"}).out, "nothing to do: the root is as the policy has it\n");
    EXPECT_EQ(pando({"plan", "--node", "n[1-2]"}).out, "n2: copy /srv/new to its tree\n");
    EXPECT_FALSE(fs::exists(root() / ".pando/nodes/n2/srv/new"));
    EXPECT_EQ(as_seen_by("n2", "/srv/new/file"), "shared");
    EXPECT_EQ(pando({"plan", "--node", "n[1-2]"}).out, "nothing to do for these nodes\n");
}

TEST_F(Apply, CreateForARangeIsARuleForEachNode) {
    const auto created = pando({"create", "/srv/new", "--node", "n[1-2]"});
    EXPECT_EQ(created.status, 0) << created.err;
    EXPECT_THAT(on_disk("/srv/new"), ElementsAre("bind node:n1", "bind node:n2"));
    for (const char* node : {"n1", "n2"})
        EXPECT_TRUE(fs::exists(root() / ".pando/nodes" / node / "srv/new/file")) << node;
    EXPECT_FALSE(fs::exists(root() / ".pando/nodes/n3/srv/new"));
    // Said again with one more: only that one is new.
    EXPECT_EQ(pando({"create", "/srv/new", "--node", "n[1-3]"}).status, 0);
    EXPECT_THAT(on_disk("/srv/new"), ElementsAre("bind node:n1", "bind node:n2", "bind node:n3"));
    EXPECT_THAT(pando({"create", "/srv/new", "--node", "n[1-3]"}).err, HasSubstr("is so already"));

    put("/etc/motd", "welcome");
    EXPECT_THAT(pando({"create", "/etc/motd", "--node", "n1"}).err, HasSubstr("a link stands on the shared root"));
    EXPECT_THAT(pando({"create", "/srv/y", "--node", "n1", "--scope", "all"}).err, HasSubstr("exclude each other"));
    EXPECT_THAT(pando({"create", "/srv/y", "--node", "n[8-9]"}).err, HasSubstr("there is no node n8"));
    EXPECT_EQ(pando({"delete", "/srv/new"}).status, 0) << "all of them at once";
    EXPECT_THAT(on_disk("/srv/new"), IsEmpty());
}

TEST_F(Apply, CreateTakesNoContentOutOfSightEither) {
    const auto created = pando({"create", "/srv/x", "--mode", "tmpfs", "--node", "n2"});
    EXPECT_EQ(created.status, 2);
    EXPECT_THAT(created.err, AllOf(HasSubstr("what n2 has there would be out of sight"),
                                   HasSubstr("pando cdsl delete /srv/x first")));
    EXPECT_EQ(as_seen_by("n2", "/srv/x/file"), "of n2");
    EXPECT_EQ(pando({"create", "/srv/x", "--mode", "tmpfs", "--node", "n3"}).status, 0) << "n3 has nothing there";
}

TEST_F(Apply, RepairLooksThroughTheTreesOfARange) {
    put("/.pando/nodes/n1/etc/stray", "of n1");
    put("/.pando/nodes/n2/etc/stray", "of n2");
    EXPECT_THAT(pando({"repair", "--node", "n2"}).out, HasSubstr("/etc/stray in the tree of n2 is named by no rule"));
    EXPECT_EQ(pando({"repair", "--node", "n3"}).out, "nothing to repair\n");
    EXPECT_THAT(pando({"repair", "--node", "n3", "--set-aside", "/etc/stray"}).err, HasSubstr("n3 has it not"));
    EXPECT_EQ(pando({"repair", "--node", "n2", "--set-aside", "/etc/stray"}).status, 0);
    EXPECT_EQ(get("/.pando/kept/etc_stray.n2.1"), "of n2");
    EXPECT_EQ(get("/.pando/nodes/n1/etc/stray"), "of n1");
    EXPECT_EQ(pando({"repair", "--node", "n9"}).status, 2);
}

// Rules of cluster.yaml that lie on a filesystem below the root are its own, by their paths there.
class ApplyBelow : public Apply {
protected:
    void SetUp() override {
        Apply::SetUp();
        fs::create_directories(root() / "srv/data");
        ASSERT_EQ(mount("tmpfs", (root() / "srv/data").c_str(), "tmpfs", 0, nullptr), 0);
        put("/srv/data/tasks/file", "shared");
        put("/srv/data/srv/data/odd/file", "shared");
        put("/srv/data/other/file", "shared");
        declare(
            "  - {path: /srv/x, mode: bind}\n  - {path: /srv/data/tasks, mode: bind}\n"
            "  - {path: /srv/data/srv/data/odd, mode: bind}\n");
        const auto applied = pando({"apply", "--filesystem", "/srv/data"});
        ASSERT_EQ(applied.status, 0) << applied.err;
    }
    void TearDown() override {
        EXPECT_EQ(umount2((root() / "srv/data").c_str(), MNT_DETACH), 0);
        Apply::TearDown();
    }
    std::vector<std::string> paths_below() const {
        std::vector<std::string> paths;
        const auto inventory = read_inventory_of(root() / "srv/data").value();
        for (const Rule& rule : inventory->rules) paths.push_back(rule.path.string());
        return paths;
    }
};

TEST_F(ApplyBelow, CreateAndDeleteKnowItsRulesOfClusterYaml) {
    EXPECT_THAT(paths_below(), ElementsAre("/srv/data/odd", "/tasks"));
    for (const char* path : {"/srv/data/tasks", "/srv/data/srv/data/odd"}) {
        EXPECT_THAT(pando({"delete", path}).err, HasSubstr("is declared in cluster.yaml")) << path;
        EXPECT_THAT(pando({"create", path}).err, HasSubstr("is declared in cluster.yaml already")) << path;
    }
    EXPECT_THAT(pando({"create", "/srv/data/tasks/inner"}).err, HasSubstr("is private already"));
    const auto created = pando({"create", "/srv/data/other"});
    EXPECT_EQ(created.status, 0) << created.err;
    EXPECT_THAT(paths_below(), ElementsAre("/other", "/srv/data/odd", "/tasks"));
    const auto deleted = pando({"delete", "/srv/data/other"});
    EXPECT_EQ(deleted.status, 0) << deleted.err;
    EXPECT_THAT(paths_below(), ElementsAre("/srv/data/odd", "/tasks"));
    EXPECT_THAT(pando({"plan", "--filesystem", "/srv/data"}).out, HasSubstr("nothing to do"));
}

TEST_F(ApplyBelow, ARefusalNamesPathsAsANodeSeesThem) {
    put("/srv/data/.pando/nodes/n1/tasks/file", "of n1");
    declare("  - {path: /srv/x, mode: bind}\n  - {path: /srv/data/tasks, mode: tmpfs}\n");
    const auto applied = pando({"apply", "--filesystem", "/srv/data"});
    EXPECT_EQ(applied.status, 1);
    EXPECT_THAT(applied.err, HasSubstr("pando cdsl delete /srv/data/tasks keeps"));
    EXPECT_EQ(pando({"delete", "/srv/data/tasks"}).status, 0);
    EXPECT_EQ(get("/srv/data/.pando/kept/tasks.n1.1/file"), "of n1");
}

}  // namespace
}  // namespace pando::cdsl
