// SPDX-License-Identifier: GPL-2.0-or-later
// Paths made private and shared again on a root with two nodes, as the commands do it; and the same with the process
// killed at each step, after which the next command or boot completes or undoes it.
#include "cdsl/change.h"
#include "cdsl/additions.h"
#include "cdsl/beneath.h"
#include "cdsl/declare.h"
#include "cdsl/layout.h"
#include "cdsl/live.h"
#include "cdsl/rebuild.h"
#include "tests/integration/cdsl/world.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace pando::cdsl {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

config::Cluster grove(std::vector<config::CdslRule> rules = {}) {
    config::Cluster cluster;
    cluster.name = "grove";
    for (const char* name : {"n1", "n2"}) {
        config::Node node;
        node.name = name;
        node.profile = "blade";
        cluster.nodes.push_back(node);
    }
    cluster.cdsl = std::move(rules);
    return cluster;
}

Rule rule(const char* path, Mode mode, const char* scope = "all") {
    return {path,
            mode,
            mode == Mode::bind || mode == Mode::link ? Seed::copy : Seed::empty,
            mode == Mode::link ? 0644U : 0755U,
            "a test",
            scope};
}

class Changes : public World {
protected:
    void SetUp() override {
        World::SetUp();
        furnish();
    }

    // Two nodes that have booted once, and something of each kind to make private.
    void furnish() {
        put("/srv/app/conf/a", "a");
        put("/srv/app/data", "shared data");
        put("/etc/motd", "welcome", 0640);
        prepare_all(policy_for_root(cluster_).value());
        for (const char* node : {"n1", "n2"}) as_node([&] { boot(node); });
    }

    Mapped boot(const std::string& node, const Checkpoint& checkpoint = {}) const {
        NodeFacts facts = facts_of(node);
        facts.profile = "blade";
        const auto additions = read_additions_of(root()).value_or(std::vector<Rule>{});
        auto mapped =
            map(root(), policy_for(cluster_, *cluster_.find_node(node), additions).value(), facts, checkpoint);
        EXPECT_TRUE(mapped) << mapped.error().what;
        return mapped.value_or(Mapped{});
    }

    Result<std::vector<std::string>> create(const Creation& wanted, const Checkpoint& checkpoint = {}) const {
        const auto change = TRY(Change::begin(root(), {"n1", "pando cdsl create"}, checkpoint));
        auto intent = TRY(plan_creation(change.shared(), cluster_, wanted));
        if (intent.actions.empty()) return std::vector<std::string>{"is so already"};
        return change.carry_out(std::move(intent));
    }

    Result<std::vector<std::string>> remove(const Deletion& wanted, const Checkpoint& checkpoint = {}) const {
        const auto change = TRY(Change::begin(root(), {"n1", "pando cdsl delete"}, checkpoint));
        auto intent = TRY(plan_deletion(change.shared(), cluster_, wanted));
        if (TRY(change.shared().local_node())) TRY(unmap(change.shared(), wanted.path));
        return change.carry_out(std::move(intent));
    }

    std::string why_not(const Creation& wanted) const {
        const auto done = create(wanted);
        return done ? "was done" : done.error().what;
    }
    std::string why_not(const Deletion& wanted) const {
        const auto done = remove(wanted);
        return done ? "was done" : done.error().what;
    }

    std::string of(const std::string& tree, const std::string& path) const {
        return get("/.pando/nodes/" + tree + path);
    }
    std::vector<std::string> kept() const {
        return list_directory(root() / ".pando/kept").value_or(std::vector<std::string>{});
    }
    void expect_no_intent() const {
        EXPECT_THAT(list_directory(root() / ".pando/journal").value(), ElementsAre("lock"));
    }

    // /srv/app private, with a part that is everybody's; below its mount the template and n2 have content of old.
    void share_conf() const {
        ASSERT_TRUE(create({rule("/srv/app", Mode::bind), ""}));
        ASSERT_TRUE(create({rule("/srv/app/conf", Mode::shared), "n1"}));
        put("/srv/app/conf/a", "everybody's");
    }

    // To the last block.
    void fill_the_disk() const {
        const UniqueFd file(open((root() / "filler").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
        for (size_t size = 1U << 20U; size > 0; size /= 2) {
            const std::string block(size, 'x');
            while (write(file.get(), block.data(), size) == static_cast<ssize_t>(size)) {
            }
        }
        EXPECT_EQ(errno, ENOSPC);
        (void)fsync(file.get());
    }
    void free_the_disk() const { fs::remove(root() / "filler"); }

    config::Cluster cluster_ = grove();
};

TEST_F(Changes, ADirectoryMadePrivateStartsAsACopyOnEveryNode) {
    ASSERT_TRUE(create({rule("/srv/app", Mode::bind), ""}));
    for (const char* tree : {".template", "n1", "n2"}) EXPECT_EQ(of(tree, "/srv/app/data"), "shared data") << tree;
    as_node([&] {
        EXPECT_THAT(boot("n1").failures, IsEmpty());
        put("/srv/app/data", "of n1");
    });
    as_node([&] {
        boot("n2");
        EXPECT_EQ(get("/srv/app/data"), "shared data");
    });
    EXPECT_EQ(get("/srv/app/data"), "shared data") << "what was shared is below the mount";
    EXPECT_EQ(read_additions_of(root()).value().at(0).path, "/srv/app");
    expect_no_intent();
}

TEST_F(Changes, OnARunningNodeItIsMountedAtOnceAndAFileIsALinkForAll) {
    as_node([&] {
        boot("n1");
        ASSERT_TRUE(create({rule("/srv/app", Mode::bind), ""}));
        ASSERT_TRUE(create({rule("/etc/motd", Mode::link), ""}));
        EXPECT_EQ(get("/etc/motd"), "welcome") << "no moment without it";
        boot("n1");
        put("/srv/app/data", "of n1");
        put("/.pando/local/etc/motd", "of n1");
    });
    EXPECT_EQ(of("n1", "/srv/app/data"), "of n1");
    EXPECT_EQ(of("n2", "/etc/motd"), "welcome");
    struct stat st {};
    ASSERT_EQ(stat((root() / ".pando/nodes/n2/etc/motd").c_str(), &st), 0);
    EXPECT_EQ(st.st_mode & 07777U, 0640U);
}

// systemd has / shared: what is mounted there is mounted in every other view of it as well.
TEST_F(Changes, OnASharedMountNothingAppearsInTheNodesTreesOrBelowTheMounts) {
    as_node([&] {
        ASSERT_EQ(mount(nullptr, root().c_str(), nullptr, MS_SHARED, nullptr), 0);
        const auto shared = SharedRoot::open(root()).value();
        boot("n1");
        ASSERT_TRUE(create({rule("/srv/app", Mode::bind), ""}));
        boot("n1");
        ASSERT_TRUE(create({rule("/srv/app/conf", Mode::shared), ""}));
        EXPECT_THAT(boot("n1").failures, IsEmpty());
        const std::string mounts = read_file("/proc/self/mountinfo").value();
        EXPECT_THAT(mounts, HasSubstr(root().string() + "/srv/app/conf "));
        EXPECT_THAT(mounts, testing::Not(HasSubstr("/.pando/nodes/n1/srv/app/conf " + root().string())));
        EXPECT_THAT(mounts, testing::Not(HasSubstr(root().string() + "/.pando/nodes/")));
        EXPECT_THAT(mounts, testing::Not(HasSubstr(root().string() + "/.pando/shared/")));
        put("/srv/app/data", "of n1");
        EXPECT_EQ(read_beneath(shared.bare(), "/srv/app/data", 100).value(), "shared data");
    });
}

TEST_F(Changes, MadeAgainIsFreeAndMadeOtherwiseIsRefused) {
    ASSERT_TRUE(create({rule("/srv/app", Mode::bind), ""}));
    const auto before = snapshot();
    EXPECT_THAT(create({rule("/srv/app", Mode::bind), ""}).value(), ElementsAre("is so already"));
    EXPECT_THAT(differences(before, snapshot()), IsEmpty());
    EXPECT_THAT(why_not(Creation{rule("/srv/app", Mode::tmpfs), ""}),
                HasSubstr("declared in /.pando/policy.yaml already"));
}

TEST_F(Changes, APathForSomeNodesIsOnlyTheirs) {
    ASSERT_TRUE(create({rule("/srv/app", Mode::bind, "node:n2"), ""}));
    EXPECT_EQ(of("n1", "/srv/app/data"), "(none)");
    as_node([&] {
        boot("n1");
        put("/srv/app/data", "everybody's");
    });
    as_node([&] {
        boot("n2");
        EXPECT_EQ(get("/srv/app/data"), "shared data") << "its own since it was made";
    });
    EXPECT_EQ(get("/srv/app/data"), "everybody's");
}

TEST_F(Changes, SharedInsidePrivateTakesOneNodesContentAndNestsSixDeep) {
    fs::path path = "/srv/app";
    ASSERT_TRUE(create({rule("/srv/app", Mode::bind), ""}));
    for (int level = 2; level <= 6; ++level) {
        path /= std::to_string(level);
        as_node([&] {
            boot("n1");
            put((path / "file").string(), "made on n1");
            const auto made = create({rule(path.c_str(), level % 2 == 0 ? Mode::shared : Mode::bind), ""});
            ASSERT_TRUE(made) << path << ": " << made.error().what;
            EXPECT_THAT(boot("n1").failures, IsEmpty());
            put((path / "file").string(), "changed on n1");
        });
        if (HasFailure()) return;
    }
    as_node([&] {
        EXPECT_THAT(boot("n2").failures, IsEmpty());
        EXPECT_EQ(get("/srv/app/2/file"), "changed on n1");
        EXPECT_EQ(get("/srv/app/2/3/file"), "made on n1") << "n2's own copy, of when it became private";
        EXPECT_EQ(get("/srv/app/2/3/4/file"), "changed on n1");
        EXPECT_EQ(get("/srv/app/2/3/4/5/file"), "made on n1");
        EXPECT_EQ(get("/srv/app/2/3/4/5/6/file"), "changed on n1");
    });
    // And back, from within.
    for (; path != "/srv"; path = path.parent_path()) {
        as_node([&] {
            boot("n1");
            const auto gone = remove({path, "", {}});
            ASSERT_TRUE(gone) << path << ": " << gone.error().what;
            EXPECT_THAT(boot("n1").failures, IsEmpty());
        });
        if (HasFailure()) return;
    }
    EXPECT_THAT(read_additions_of(root()).value(), IsEmpty());
    EXPECT_EQ(get("/srv/app/data"), "shared data");
    expect_no_intent();
}

TEST_F(Changes, DeletingADirectoryKeepsEveryCopyAsideAndNamesIt) {
    ASSERT_TRUE(create({rule("/srv/app", Mode::bind), ""}));
    for (const char* node : {"n1", "n2"}) put(std::string("/.pando/nodes/") + node + "/srv/app/data", node);
    ASSERT_TRUE(remove({"/srv/app", "", {}}));
    EXPECT_THAT(kept(), ElementsAre("srv_app.n1.1", "srv_app.n2.1", "srv_app.template.1"));
    EXPECT_EQ(get("/.pando/kept/srv_app.n2.1/data"), "n2");
    EXPECT_EQ(get("/srv/app/data"), "shared data");
    EXPECT_FALSE(fs::exists(root() / ".pando/nodes/n1/srv")) << "directories that were there for it alone";
    as_node([&] {
        EXPECT_THAT(boot("n1").failures, IsEmpty());
        put("/srv/app/data", "everybody's");
    });
    EXPECT_EQ(get("/srv/app/data"), "everybody's");
    // A second time the names are others.
    ASSERT_TRUE(create({rule("/srv/app", Mode::bind), ""}));
    ASSERT_TRUE(remove({"/srv/app", "", {"n1", "template"}}));
    EXPECT_THAT(kept(), ElementsAre("srv_app.n1.1", "srv_app.n2.1", "srv_app.n2.2", "srv_app.template.1"))
        << "destroyed is what was named";
    ASSERT_TRUE(create({rule("/srv/app", Mode::bind), ""}));
    ASSERT_TRUE(remove({"/srv/app", "n1", {"/srv/app"}}));
    EXPECT_EQ(kept().size(), 4U) << "the path again: all";
    EXPECT_EQ(get("/srv/app/data"), "everybody's");
}

TEST_F(Changes, DeletingADirectoryCanMakeOneNodesContentEverybodys) {
    ASSERT_TRUE(create({rule("/srv/app", Mode::bind), ""}));
    put("/.pando/nodes/n2/srv/app/data", "of n2");
    struct stat before {};
    struct stat after {};
    ASSERT_EQ(stat((root() / "srv/app").c_str(), &before), 0);
    ASSERT_TRUE(remove({"/srv/app", "n2", {}}));
    ASSERT_EQ(stat((root() / "srv/app").c_str(), &after), 0);
    EXPECT_EQ(before.st_ino, after.st_ino) << "nodes that have something mounted there go on";
    EXPECT_EQ(get("/srv/app/data"), "of n2");
    EXPECT_EQ(get("/srv/app/conf/a"), "a");
    EXPECT_EQ(get("/.pando/kept/srv_app.shared.1/data"), "shared data");
}

TEST_F(Changes, ANodeThatRunsGoesOnWithItsCopyWhenAnotherDeletesThePath) {
    ASSERT_TRUE(create({rule("/srv/app", Mode::bind), ""}));
    as_node([&] {
        boot("n2");
        put("/srv/app/data", "n2 before");
        const UniqueFd open_file(open((root() / "srv/app/data").c_str(), O_WRONLY | O_CLOEXEC));
        // Another node has mounts of its own.
        const Ended other = in_child([&] {
            umount2((root() / "srv/app").c_str(), MNT_DETACH);
            const auto done = remove({"/srv/app", "", {}});
            EXPECT_TRUE(done) << done.error().what;
        });
        EXPECT_EQ(other.status, 0);
        ASSERT_EQ(pwrite(open_file.get(), "n2 after.", 9, 0), 9);
        EXPECT_EQ(get("/srv/app/data"), "n2 after.") << "its mount stands";
    });
    EXPECT_EQ(get("/.pando/kept/srv_app.n2.1/data"), "n2 after.");
    as_node([&] {
        boot("n2");
        EXPECT_EQ(get("/srv/app/data"), "shared data") << "from the next boot on";
    });
}

TEST_F(Changes, AMountOfADeletedPathIsFoundByTheMountTable) {
    ASSERT_TRUE(create({rule("/srv/app", Mode::bind), ""}));
    as_node([&] {
        boot("n2");
        const auto shared = SharedRoot::open(root()).value();
        const auto rules = [&] { return rules_of_node(read_inventory(shared.bare()).value()->rules, "n2", "blade"); };
        EXPECT_THAT(stray_mounts(shared, rules()).value(), IsEmpty());
        EXPECT_THAT(not_mounted(shared, rules()).value(), IsEmpty());
        const Ended other = in_child([&] {
            umount2((root() / "srv/app").c_str(), MNT_DETACH);
            EXPECT_TRUE(remove({"/srv/app", "", {}}));
        });
        EXPECT_EQ(other.status, 0);
        EXPECT_THAT(stray_mounts(shared, rules()).value(), ElementsAre("/srv/app"));
        ASSERT_TRUE(unmap(shared, "/srv/app"));
        EXPECT_EQ(get("/srv/app/data"), "shared data");
        ASSERT_TRUE(unmap(shared, "/var/log"));
        EXPECT_THAT(not_mounted(shared, rules()).value(), ElementsAre("/var/log"));
    });
}

TEST_F(Changes, AMountOfWhatIsNoLongerSharedIsFoundByTheMountTable) {
    ASSERT_TRUE(create({rule("/srv/app", Mode::bind), ""}));
    ASSERT_TRUE(create({rule("/srv/app/conf", Mode::shared), "template"}));
    as_node([&] {
        boot("n2");
        const auto shared = SharedRoot::open(root()).value();
        const auto rules = [&] { return rules_of_node(read_inventory(shared.bare()).value()->rules, "n2", "blade"); };
        EXPECT_THAT(stray_mounts(shared, rules()).value(), IsEmpty());
        const Ended other = in_child([&] {
            umount2((root() / "srv/app/conf").c_str(), MNT_DETACH);
            EXPECT_TRUE(remove({"/srv/app/conf", "", {}}));
        });
        EXPECT_EQ(other.status, 0);
        EXPECT_THAT(stray_mounts(shared, rules()).value(), ElementsAre("/srv/app/conf"));
        ASSERT_TRUE(unmap(shared, "/srv/app/conf"));
        put("/srv/app/conf/a", "n2's own");
    });
    EXPECT_EQ(of("n2", "/srv/app/conf/a"), "n2's own");
    EXPECT_EQ(get("/srv/app/conf/a"), "a");
}

TEST_F(Changes, WhatAnAdministratorMountsStaysAndIsNotCoveredOrTakenAlong) {
    put("/srv/app/disk/file", "under the disk");
    put("/srv/export/x", "x");
    ASSERT_TRUE(create({rule("/srv/app", Mode::bind), ""}));
    as_node([&] {
        boot("n1");
        // A node's log directory seen from another place as well.
        ASSERT_EQ(mount((root() / "var/log").c_str(), (root() / "srv/export").c_str(), nullptr, MS_BIND, nullptr), 0);
        const auto shared = SharedRoot::open(root()).value();
        const auto rules = rules_of_node(read_inventory(shared.bare()).value()->rules, "n1", "blade");
        EXPECT_THAT(stray_mounts(shared, rules).value(), IsEmpty());
        ASSERT_EQ(mount("disk", (root() / "srv/app/disk").c_str(), "tmpfs", 0, nullptr), 0);
        EXPECT_THAT(why_not(Deletion{"/srv/app", "", {}}), HasSubstr("disk is mounted on /srv/app/disk"));
        ASSERT_EQ(umount((root() / "srv/app/disk").c_str()), 0);
        EXPECT_THAT(why_not(Creation{rule("/srv", Mode::tmpfs), ""}), HasSubstr("is mounted on /srv/export"));
    });
}

TEST_F(Changes, CopiesThatHaveNoPlaceUnderTheBuiltInRuleAreKept) {
    put("/tmp/scratch", "shared");
    ASSERT_TRUE(create({rule("/tmp", Mode::bind), ""}));
    as_node([&] {
        boot("n1");
        put("/tmp/scratch", "of n1");
    });
    ASSERT_TRUE(remove({"/tmp", "", {}}));
    EXPECT_THAT(kept(), Contains("tmp.n1.1"));
    EXPECT_EQ(get("/.pando/kept/tmp.n1.1/scratch"), "of n1");
    as_node([&] {
        boot("n1");
        EXPECT_EQ(get("/tmp/scratch"), "(none)") << "a tmpfs again";
    });
}

TEST_F(Changes, DeletingALinkPutsOneCopyInItsPlaceInOneStep) {
    ASSERT_TRUE(create({rule("/etc/motd", Mode::link), ""}));
    put("/.pando/nodes/n1/etc/motd", "of n1", 0600);
    ASSERT_EQ(setxattr((root() / ".pando/nodes/n1/etc/motd").c_str(), "trusted.note", "x", 1, 0), 0);
    as_node([&] {
        boot("n1");
        ASSERT_TRUE(remove({"/etc/motd", "", {}})) << "default: this node's";
    });
    EXPECT_FALSE(fs::is_symlink(root() / "etc/motd"));
    EXPECT_EQ(get("/etc/motd"), "of n1");
    EXPECT_GE(getxattr((root() / "etc/motd").c_str(), "trusted.note", nullptr, 0), 0);
    EXPECT_THAT(kept(), ElementsAre("etc_motd.n2.1", "etc_motd.template.1"));
    EXPECT_EQ(of("n1", "/etc/hostname"), "n1\n") << "its neighbours stay";
}

TEST_F(Changes, ARefusedChangeChangesNothing) {
    ASSERT_TRUE(create({rule("/srv/app", Mode::bind), ""}));
    ASSERT_TRUE(create({rule("/srv/app/conf", Mode::shared), "shared"}));
    cluster_ = grove({{"/srv/own", "bind", "all"}});
    prepare_all(policy_for_root(cluster_, read_additions_of(root()).value()).value());
    fs::create_directory_symlink("/etc", root() / "srv/away");
    put("/srv/file", "x");
    const auto before = snapshot();
    EXPECT_THAT(why_not(Creation{rule("/srv", Mode::bind), ""}), HasSubstr("/srv/own: is private already"));
    EXPECT_THAT(why_not(Creation{rule("/srv/app/deep", Mode::bind), ""}), HasSubstr("is private already"));
    EXPECT_THAT(why_not(Creation{rule("/srv/away/x", Mode::bind), ""}), HasSubstr("a symlink is in the way"));
    EXPECT_THAT(why_not(Creation{rule("/srv/away", Mode::bind), ""}), HasSubstr("is a symlink"));
    EXPECT_THAT(why_not(Creation{rule("/srv/file", Mode::bind), ""}), HasSubstr("mode bind is for directories"));
    EXPECT_THAT(why_not(Creation{rule("/srv/app/data", Mode::shared), ""}),
                HasSubstr("mode shared is for directories"));
    EXPECT_THAT(why_not(Creation{rule("/etc/ssh", Mode::link), ""}), HasSubstr("is a directory"));
    EXPECT_THAT(why_not(Creation{rule("/srv/x", Mode::bind, "node:n9"), ""}), HasSubstr("is no node's"));
    EXPECT_THAT(why_not(Creation{rule("/srv/own", Mode::bind), ""}), HasSubstr("declared in cluster.yaml already"));
    EXPECT_THAT(why_not(Creation{rule("/var/log", Mode::bind), ""}), HasSubstr("is built in already"));
    EXPECT_THAT(why_not(Creation{rule("/.pando/nodes", Mode::bind), ""}), HasSubstr("nodes' trees"));
    EXPECT_THAT(why_not(Deletion{"/var/log", "", {}}), HasSubstr("is built in"));
    EXPECT_THAT(why_not(Deletion{"/srv/own", "", {}}), HasSubstr("is declared in cluster.yaml"));
    EXPECT_THAT(why_not(Deletion{"/srv/app", "", {}}), HasSubstr("/srv/app/conf lies in /srv/app"));
    EXPECT_THAT(why_not(Deletion{"/srv/nothing", "", {}}), HasSubstr("is no CDSL"));
    EXPECT_THAT(why_not(Deletion{"/srv/app/conf", "", {"n9"}}), HasSubstr("n9 has no tree"));
    EXPECT_THAT(differences(before, snapshot()), IsEmpty());
    as_node([&] {
        boot("n1");
        ASSERT_EQ(mount("tmpfs", (root() / "srv/own").c_str(), "tmpfs", 0, nullptr), 0);
        fs::create_directory(root() / "srv/own/x");
        EXPECT_THAT(why_not(Creation{rule("/usr/bin", Mode::tmpfs), ""}), "was done");
        ASSERT_EQ(mount("tmpfs", (root() / "usr").c_str(), "tmpfs", 0, nullptr), 0);
        fs::create_directory(root() / "usr/x");
        EXPECT_THAT(why_not(Creation{rule("/usr/x", Mode::bind), ""}), HasSubstr("something is mounted on /usr"));
    });
}

TEST_F(Changes, WhatClusterYamlNoLongerDeclaresStaysUntilItIsDeleted) {
    cluster_ = grove({{"/srv/app", "bind", "all"}});
    prepare_all(policy_for_root(cluster_).value());
    as_node([&] {
        boot("n1");
        put("/srv/app/data", "of n1");
    });
    cluster_ = grove();
    prepare_all(policy_for_root(cluster_).value());
    as_node([&] {
        EXPECT_THAT(boot("n1").failures, IsEmpty());
        EXPECT_EQ(get("/srv/app/data"), "of n1") << "an edit of cluster.yaml alone takes nothing away";
        ASSERT_TRUE(remove({"/srv/app", "n1", {}}));
    });
    EXPECT_EQ(get("/srv/app/data"), "of n1");
}

TEST_F(Changes, DeletingAPrivateParentGivesThePathsInItBackToTheirOwnRules) {
    ASSERT_TRUE(create({rule("/var/lib", Mode::bind), ""}));
    as_node([&] {
        boot("n1");
        put("/var/lib/systemd/random-seed", "n1's own", 0600);
        put("/var/lib/dpkg/status", "n1's packages");
    });
    ASSERT_TRUE(remove({"/var/lib", "", {}}));
    EXPECT_EQ(get("/.pando/kept/var_lib.n1.1/dpkg/status"), "n1's packages");
    EXPECT_FALSE(fs::exists(root() / ".pando/kept/var_lib.n1.1/systemd"));
    as_node([&] {
        EXPECT_THAT(boot("n1").failures, IsEmpty());
        EXPECT_EQ(get("/var/lib/systemd/random-seed"), "n1's own");
        EXPECT_EQ(get("/var/lib/dpkg/status"), "Package: base\n");
    });
}

TEST_F(Changes, ALostOrBrokenInventoryIsFoundAgainOnDisk) {
    ASSERT_TRUE(create({rule("/srv/app", Mode::bind), ""}));
    ASSERT_TRUE(create({rule("/etc/motd", Mode::link), ""}));
    const auto before = parse_inventory(get("/.pando/cdsl.yaml")).value();
    for (const bool lost : {true, false}) {
        if (lost)
            fs::remove(root() / ".pando/cdsl.yaml");
        else
            put("/.pando/cdsl.yaml", "version: 2\nrules: [");
        const auto shared = SharedRoot::open(root()).value();
        const auto additions = read_additions(shared.bare()).value();
        EXPECT_EQ(rebuild_inventory(shared, policy_for_root(cluster_, additions).value()).value(), before);
        // Even when nobody declares them any more.
        const auto found = rebuild_inventory(shared, policy_for_root(cluster_).value()).value();
        std::vector<std::string> paths;
        for (const Rule& one : found.rules)
            if (one.declared == "found on disk") paths.push_back(one.path.string());
        EXPECT_THAT(paths, ElementsAre("/etc/motd", "/srv/app"));
        as_node([&] {
            const Mapped mapped = boot("n1");
            EXPECT_THAT(mapped.failures, ElementsAre(HasSubstr("/.pando/cdsl.yaml")));
            put("/srv/app/data", "of n1");
            EXPECT_EQ(of("n1", "/srv/app/data"), "of n1") << "the policy is enough to boot";
        });
    }
}

TEST_F(Changes, ContentThatNoRuleNamesIsFound) {
    put("/.pando/nodes/n1/srv/old/f", "1");
    put("/.pando/nodes/n2/var/log/x", "named by /var/log");
    const auto shared = SharedRoot::open(root()).value();
    const auto unnamed = unnamed_content(shared, read_inventory(shared.bare()).value().value()).value();
    ASSERT_EQ(unnamed.size(), 1U);
    EXPECT_EQ(unnamed.begin()->first, "/srv");
    EXPECT_THAT(unnamed.begin()->second, ElementsAre("n1"));
}

TEST_F(Changes, AFullDiskUndoesACreationAndLosesNothing) {
    put("/srv/app/big", std::string(30U << 20U, 'x'));  // one copy fits, the second does not
    const auto before = snapshot();
    const auto done = create({rule("/srv/app", Mode::bind), ""});
    ASSERT_FALSE(done);
    EXPECT_THAT(done.error().what, HasSubstr("No space left on device"));
    EXPECT_THAT(done.error().what, HasSubstr("is undone"));
    EXPECT_THAT(differences(before, snapshot()), IsEmpty());
    ASSERT_EQ(mount(nullptr, root().c_str(), nullptr, MS_REMOUNT, "size=256m"), 0);
    EXPECT_TRUE(create({rule("/srv/app", Mode::bind), ""}));
}

// A shared directory with a file that fits a third time and not a fourth.
TEST_F(Changes, AFullDiskUndoesTheDeletionOfASharedDirectory) {
    share_conf();
    put("/srv/app/conf/big", std::string(18U << 20U, 'x'));
    put("/srv/app/conf/sub/deep", "shared");
    const auto before = snapshot();
    const auto place = [&] { return fs::canonical(root() / ".pando/nodes/n1/srv/app/conf"); };
    struct stat mount_point {};
    struct stat afterwards {};
    ASSERT_EQ(stat(place().c_str(), &mount_point), 0);
    const std::string why = why_not(Deletion{"/srv/app/conf", "", {"/srv/app/conf"}});
    EXPECT_THAT(why, HasSubstr("No space left on device"));
    EXPECT_THAT(why, HasSubstr("is undone"));
    EXPECT_THAT(differences(before, snapshot()), IsEmpty());
    ASSERT_EQ(stat(place().c_str(), &afterwards), 0);
    EXPECT_EQ(mount_point.st_ino, afterwards.st_ino) << "it is a mount point on nodes that run";
    expect_no_intent();
    ASSERT_EQ(mount(nullptr, root().c_str(), nullptr, MS_REMOUNT, "size=256m"), 0);
    EXPECT_EQ(why_not(Deletion{"/srv/app/conf", "", {"n2"}}), "was done");
    EXPECT_EQ(of("n2", "/srv/app/conf/sub/deep"), "shared");
    EXPECT_THAT(kept(), ElementsAre("srv_app_conf.shared.1", "srv_app_conf.template.1"))
        << "destroyed after the commit, and only what was named";
}

// The disk fills up at the worst moments: with the intent on disk, and with the commit done.
TEST_F(Changes, AFullDiskKeepsNoDeletionOfALinkOrADirectoryHalfDone) {
    World::stop();
    World::start(Filesystem::ext4);
    furnish();
    ASSERT_TRUE(create({rule("/srv/app", Mode::bind), ""}));
    ASSERT_TRUE(create({rule("/etc/motd", Mode::link), ""}));
    put("/.pando/nodes/n2/srv/app/data", "of n2");
    const auto before = snapshot();
    const auto full_after = [&](const char* point) {
        return [this, point](std::string_view done) {
            if (done == point) fill_the_disk();
        };
    };
    const std::vector<Deletion> wanted = {{"/etc/motd", "n2", {}}, {"/srv/app", "n2", {}}};
    for (const Deletion& one : wanted) {
        const auto done = remove(one, full_after("wrote the intent"));
        free_the_disk();
        ASSERT_FALSE(done) << one.path;
        EXPECT_THAT(done.error().what, HasSubstr("No space left on device"));
        EXPECT_THAT(done.error().what, HasSubstr("is undone"));
        EXPECT_THAT(differences(before, snapshot()), IsEmpty());
    }
    for (const Deletion& one : wanted) {
        const auto done = remove(one, full_after("wrote cdsl.yaml"));
        free_the_disk();
        ASSERT_TRUE(done) << one.path << ": " << done.error().what;
        EXPECT_THAT(*done, IsEmpty());
    }
    EXPECT_EQ(get("/srv/app/data"), "of n2");
    EXPECT_EQ(get("/.pando/kept/srv_app.shared.1/data"), "shared data");
    expect_no_intent();
}

TEST_F(Changes, WhatIsInterruptedBeforeItsCommitCanBeUndoneWhenAskedFor) {
    share_conf();
    const auto interrupt = [&](const Deletion& wanted, std::string_view point) {
        const Ended ended = in_child([&] {
            (void)remove(wanted, [&](std::string_view done) {
                if (done == point) (void)kill(getpid(), SIGKILL);
            });
        });
        ASSERT_TRUE(ended.killed);
    };
    const auto before = snapshot();
    interrupt({"/srv/app/conf", "", {}}, "moved a piece");
    {
        const auto change = Change::begin(root(), {"n2", "pando cdsl repair"}, {}, Recovery::undo);
        ASSERT_TRUE(change) << change.error().what;
        EXPECT_THAT(change->recovered(), ElementsAre("pando cdsl delete of n1 was interrupted, and is undone now"));
    }
    EXPECT_THAT(differences(before, snapshot()), IsEmpty());
    interrupt({"/srv/app/conf", "", {}}, "wrote cdsl.yaml");
    const auto late = Change::begin(root(), {"n2", "pando cdsl repair"}, {}, Recovery::undo);
    ASSERT_FALSE(late);
    EXPECT_THAT(late.error().what, HasSubstr("after its commit and can only be completed"));
    EXPECT_TRUE(Change::begin(root(), {"n2", "pando cdsl repair"}));
    EXPECT_EQ(of("n2", "/srv/app/conf/a"), "everybody's");
}

// What cannot be done after the commit is said, and holds up no other change.
TEST_F(Changes, ACopyThatCannotBeDestroyedIsAProblemAndTheDeletionIsDone) {
    ASSERT_TRUE(create({rule("/srv/app", Mode::bind), ""}));
    const auto done = remove({"/srv/app", "", {"n1"}}, [&](std::string_view done) {
        if (done != "pruned") return;
        const fs::path kept = root() / ".pando/kept/srv_app.n1.1/conf";
        if (fs::exists(kept)) (void)mount("tmpfs", kept.c_str(), "tmpfs", 0, nullptr);
    });
    umount2((root() / ".pando/kept/srv_app.n1.1/conf").c_str(), MNT_DETACH);
    ASSERT_TRUE(done) << done.error().what;
    EXPECT_THAT(*done, ElementsAre(HasSubstr("destroy /.pando/kept/srv_app.n1.1")));
    expect_no_intent();
}

// A node that runs writes where pieces are being moved: into the directory that is emptied, the one that is filled, and
// the one that is to be removed.
TEST_F(Changes, WhatANodeWritesWhileContentMovesStopsNothingAndIsKept) {
    ASSERT_TRUE(create({rule("/srv/app", Mode::bind), ""}));
    for (const char* name : {"b", "c"}) put(std::string("/.pando/nodes/n2/srv/app/") + name, "of n2");
    int late = 0;
    const auto done = remove({"/srv/app", "n2", {}}, [&](std::string_view done) {
        if (done == "gathered") {
            put("/srv/app/c", "below the mounts");
            put("/srv/app/data", "again");
        }
        if (done == "poured" && ++late < 3) put("/.pando/nodes/n2/srv/app/late", "late");
    });
    ASSERT_TRUE(done) << done.error().what;
    EXPECT_EQ(get("/srv/app/c"), "of n2");
    EXPECT_EQ(get("/srv/app/data"), "shared data");
    EXPECT_EQ(get("/srv/app/late"), "late");
    EXPECT_EQ(get("/.pando/kept/srv_app_c.late.1"), "below the mounts");
    EXPECT_EQ(get("/.pando/kept/srv_app_data.late.1"), "again");
    EXPECT_FALSE(fs::exists(root() / ".pando/nodes/n2/srv/app"));
    expect_no_intent();
}

TEST_F(Changes, ADirectoryThatIsWrittenToWithoutEndIsSetAsideItself) {
    ASSERT_TRUE(create({rule("/srv/app", Mode::bind), ""}));
    int number = 0;
    const auto done = remove({"/srv/app", "n2", {}}, [&](std::string_view done) {
        if (done == "poured") put("/.pando/nodes/n2/srv/app/" + std::to_string(number++), "written");
    });
    ASSERT_TRUE(done) << done.error().what;
    EXPECT_EQ(get("/srv/app/0"), "written");
    EXPECT_EQ(get("/.pando/kept/srv_app.late.1/" + std::to_string(number - 1)), "written");
    expect_no_intent();
}

// The piece was moved by a run that was interrupted, and made again by a node before the next one.
TEST_F(Changes, ANameThatIsThereAgainAfterAnInterruptionStopsNothing) {
    ASSERT_TRUE(create({rule("/var/lib", Mode::bind), ""}));  // with paths of other rules in it
    share_conf();
    for (const Deletion& wanted : {Deletion{"/srv/app/conf", "", {}}, Deletion{"/var/lib", "", {}}}) {
        const std::string path = wanted.path.string();
        const std::string name = path == "/var/lib" ? "/dpkg" : "/a";
        const std::string place = "/.pando/nodes/n2" + path + name;
        put("/.pando/nodes/n2" + path + "/zz", "last");
        ASSERT_TRUE(in_child([&] {
                        (void)remove(wanted, [&](std::string_view done) {
                            if (done != "moved a piece" || fs::exists(root() / fs::path(place).relative_path())) return;
                            put(place, "written late");
                            (void)kill(getpid(), SIGKILL);
                        });
                    }).killed);
        const auto next = Change::begin(root(), {"n1", "pando cdsl repair"});
        ASSERT_TRUE(next) << next.error().what;
        expect_no_intent();
        EXPECT_EQ(get("/.pando/kept/" + flat_name(path + name) + ".late.1"), "written late") << path;
    }
    EXPECT_EQ(of("n2", "/srv/app/conf/a"), "everybody's");
    EXPECT_EQ(get("/.pando/kept/srv_app_conf.n2.1/zz"), "last");
}

// Between the emptying of a node's directory and its copy of what was shared.
TEST_F(Changes, WhatANodeWritesIntoItsEmptiedDirectoryIsNotTakenForAllOfIt) {
    share_conf();
    put("/srv/app/conf/other", "everybody's");
    const auto done = remove({"/srv/app/conf", "", {}}, [&](std::string_view done) {
        if (done == "gathered") put("/.pando/nodes/n2/srv/app/conf/other", "n2's own");
    });
    ASSERT_TRUE(done) << done.error().what;
    EXPECT_EQ(of("n2", "/srv/app/conf/a"), "everybody's");
    EXPECT_EQ(of("n2", "/srv/app/conf/other"), "n2's own");
}

TEST_F(Changes, ANodeWhoseDirectoryBecomesEverybodysKeepsItsMountPoint) {
    ASSERT_TRUE(create({rule("/srv/app", Mode::bind), ""}));
    as_node([&] {
        boot("n2");
        ASSERT_EQ(chdir((root() / "srv/app/conf").c_str()), 0);
        const Ended other = in_child([&] {
            umount2((root() / "srv/app").c_str(), MNT_DETACH);
            const auto done = create({rule("/srv/app/conf", Mode::shared), "n2"});
            EXPECT_TRUE(done) << done.error().what;
        });
        EXPECT_EQ(other.status, 0);
        EXPECT_EQ(fs::current_path(), root() / "srv/app/conf");
        EXPECT_TRUE(write_file_atomic("late", "it can be written to")) << "whose process works there goes on";
        EXPECT_THAT(boot("n2").failures, IsEmpty());
        EXPECT_EQ(get("/srv/app/conf/a"), "a");
        EXPECT_EQ(chdir("/"), 0);
    });
    // What is left is a mount point, and no content that could become everybody's once more.
    ASSERT_TRUE(remove({"/srv/app/conf", "", {}}));
    EXPECT_EQ(of("n2", "/srv/app/conf/a"), "a");
    EXPECT_EQ(get("/.pando/kept/srv_app_conf.n2.1/late"), "it can be written to");
}

TEST_F(Changes, WhatReplacedALinkIsOnlyForgottenWhenTheTemplateIsTheSame) {
    ASSERT_TRUE(create({rule("/etc/motd", Mode::link), ""}));
    const auto policy = policy_for_root(cluster_, read_additions_of(root()).value()).value();
    const auto displaced = [&] { return list_directory(root() / ".pando/displaced").value().size(); };
    const auto replace_and_apply = [&](const std::function<void()>& make) {
        fs::remove(root() / "etc/motd");
        make();
        prepare_all(policy);
        EXPECT_TRUE(fs::is_symlink(root() / "etc/motd"));
    };
    replace_and_apply([&] { put("/etc/motd", "welcome", 0640); });
    EXPECT_EQ(displaced(), 0U);
    replace_and_apply([&] { put("/etc/motd", "welcome", 0600); });
    EXPECT_EQ(displaced(), 1U) << "other permissions";
    replace_and_apply([&] {
        put("/etc/motd", "welcome", 0640);
        ASSERT_EQ(setxattr((root() / "etc/motd").c_str(), "trusted.note", "x", 1, 0), 0);
    });
    EXPECT_EQ(displaced(), 2U) << "another attribute";
    fs::remove(root() / ".pando/nodes/.template/etc/motd");
    fs::create_symlink("/run/one", root() / ".pando/nodes/.template/etc/motd");
    replace_and_apply([&] { fs::create_symlink("../run/one", root() / "etc/motd"); });
    EXPECT_EQ(displaced(), 2U);
    replace_and_apply([&] { fs::create_symlink("/run/other", root() / "etc/motd"); });
    EXPECT_EQ(displaced(), 3U) << "it leads elsewhere";
}

TEST_F(Changes, AnEmptySeedHasOwnerAndPermissionsOfWhatIsThere) {
    put("/etc/key", "secret", 0600);
    ASSERT_EQ(chown((root() / "etc/key").c_str(), 12, 34), 0);
    Rule key = rule("/etc/key", Mode::link);
    key.seed = Seed::empty;
    ASSERT_TRUE(create({key, ""}));
    for (const char* tree : {".template", "n1", "n2"}) {
        struct stat st {};
        ASSERT_EQ(stat((root() / ".pando/nodes" / tree / "etc/key").c_str(), &st), 0) << tree;
        EXPECT_EQ(st.st_mode & 07777U, 0600U);
        EXPECT_EQ(st.st_uid, 12U);
        EXPECT_EQ(st.st_gid, 34U);
        EXPECT_EQ(st.st_size, 0);
    }
}

TEST_F(Changes, CompletingWhatSharedDirectoriesBecomePrivateCopiesNothingTwice) {
    ASSERT_TRUE(create({rule("/srv/app", Mode::bind), ""}));
    ASSERT_TRUE(create({rule("/srv/app/conf", Mode::shared), "n1"}));
    put("/srv/app/conf/a", "everybody's");
    const Ended ended = in_child([&] {
        (void)remove({"/srv/app/conf", "", {}}, [](std::string_view done) {
            if (done == "wrote cdsl.yaml") kill(getpid(), SIGKILL);
        });
    });
    ASSERT_TRUE(ended.killed);
    int copies = 0;
    ASSERT_TRUE(Change::begin(root(), {"n2", "pando cdsl repair"},
                              [&](std::string_view done) { copies += done.starts_with("copied") ? 1 : 0; }));
    EXPECT_EQ(copies, 0);
    EXPECT_EQ(of("n2", "/srv/app/conf/a"), "everybody's");
}

// As in a container that may not mount.
void give_up_mounting() {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {};
    ASSERT_EQ(syscall(SYS_capget, &header, sets), 0);
    sets[0].effective &= ~(1U << CAP_SYS_ADMIN);
    sets[0].permitted &= ~(1U << CAP_SYS_ADMIN);
    ASSERT_EQ(syscall(SYS_capset, &header, sets), 0);
}

TEST_F(Changes, WhoCannotSeeBelowTheMountsChangesNothingAndKnowsItWhenLooking) {
    ASSERT_TRUE(create({rule("/srv/app", Mode::bind), ""}));
    as_node([&] {
        boot("n1");
        put("/srv/app/data", "of n1");
        EXPECT_TRUE(SharedRoot::open_to_look(root())->is_bare());
        const auto before = get("/.pando/cdsl.yaml");
        give_up_mounting();
        EXPECT_THAT(why_not(Creation{rule("/srv/app/conf", Mode::shared), ""}),
                    HasSubstr("looking below what is mounted: binding the directory: Operation not permitted"));
        EXPECT_THAT(why_not(Deletion{"/srv/app", "", {}}), HasSubstr("Operation not permitted"));
        EXPECT_EQ(get("/.pando/cdsl.yaml"), before);
        const auto looked = SharedRoot::open_to_look(root());
        ASSERT_TRUE(looked) << looked.error().what;
        EXPECT_FALSE(looked->is_bare());
        EXPECT_EQ(read_beneath(looked->bare(), "/srv/app/data", 100).value(), "of n1");
    });
}

TEST_F(Changes, AReadOnlyRootIsRefusedWithItsCause) {
    ASSERT_EQ(mount(nullptr, root().c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr), 0);
    EXPECT_THAT(why_not(Creation{rule("/srv/app", Mode::bind), ""}), HasSubstr("Read-only file system"));
    EXPECT_THAT(why_not(Deletion{"/srv/own", "", {}}), HasSubstr("Read-only file system"));
}

TEST_F(Changes, AnIntentThatCannotBeReadKeepsOnlyWhatIsMissingFromBeingMapped) {
    put("/etc/new", "by rename");
    fs::rename(root() / "etc/new", root() / "etc/adjtime");
    put("/.pando/journal/9.yaml", "version: 99\n");
    as_node([&] {
        const auto mapped = boot("n1");
        EXPECT_GT(mapped.binds, 0U);
        EXPECT_THAT(mapped.required_failures, ElementsAre(HasSubstr("/etc/adjtime: is left as it is")));
    });
}

TEST_F(Changes, ALinkIsUndoneToo) {
    const auto before = snapshot();
    const Ended ended = in_child([&] {
        (void)create({rule("/etc/motd", Mode::link), ""}, [](std::string_view done) {
            if (done == "linked") raise(SIGKILL);
        });
    });
    ASSERT_TRUE(ended.killed);
    ASSERT_TRUE(fs::is_symlink(root() / "etc/motd"));
    const auto undone = Change::begin(root(), {"n2", "pando cdsl repair"}, {}, Recovery::undo);
    ASSERT_TRUE(undone) << undone.error().what;
    EXPECT_FALSE(fs::is_symlink(root() / "etc/motd"));
    EXPECT_EQ(get("/etc/motd"), "welcome");
    EXPECT_THAT(without_spares(differences(before, snapshot())), IsEmpty());
}

TEST_F(Changes, AnIntentThatCannotBeReadStopsEveryChangeAndNoBoot) {
    put("/.pando/journal/1-n1-1.yaml", "version: 9\n");
    EXPECT_THAT(why_not(Creation{rule("/srv/app", Mode::bind), ""}), HasSubstr("1-n1-1.yaml: has version 9"));
    as_node([&] { EXPECT_THAT(boot("n1").failures, ElementsAre(HasSubstr("1-n1-1.yaml"))); });
}

// What a copy and a move must carry along.
TEST_F(Changes, MovesPreserveAclsAttributesHardLinksHolesAndSpecialFiles) {
    World::stop();
    World::start(Filesystem::ext4);
    furnish();
    const fs::path app = root() / "srv/app";
    ASSERT_TRUE(run_ok({.argv = {"cp", "--sparse=always", "/dev/null", (app / "sparse").string()}}));
    ASSERT_EQ(truncate((app / "sparse").c_str(), 1 << 30), 0);
    fs::create_hard_link(app / "data", app / "conf/second");
    ASSERT_EQ(mkfifo((app / "fifo").c_str(), 0620), 0);
    ASSERT_EQ(setxattr((app / "data").c_str(), "user.note", "n", 1, 0), 0);
    ASSERT_EQ(setxattr(app.c_str(), "user.note", "top", 3, 0), 0);
    // A default ACL as setfacl -d -m u:1000:rwx writes it: version, then tag, permissions, id.
    const unsigned char acl[] = {2, 0,    0,    0,    1,    0,    7,    0, 0xff, 0xff, 0xff, 0xff, 2,    0,    7,
                                 0, 0xe8, 3,    0,    0,    4,    0,    5, 0,    0xff, 0xff, 0xff, 0xff, 0x10, 0,
                                 7, 0,    0xff, 0xff, 0xff, 0xff, 0x20, 0, 5,    0,    0xff, 0xff, 0xff, 0xff};
    ASSERT_EQ(setxattr(app.c_str(), "system.posix_acl_default", acl, sizeof acl, 0), 0) << strerror(errno);
    ASSERT_EQ(chown(app.c_str(), 12, 34), 0);

    const auto expect_all = [&](const fs::path& there) {
        SCOPED_TRACE(there);
        struct stat st {};
        struct stat other {};
        ASSERT_EQ(stat((there / "sparse").c_str(), &st), 0);
        EXPECT_EQ(st.st_size, 1 << 30);
        EXPECT_LT(st.st_blocks, 100);
        ASSERT_EQ(stat((there / "data").c_str(), &st), 0);
        ASSERT_EQ(stat((there / "conf/second").c_str(), &other), 0);
        EXPECT_EQ(st.st_ino, other.st_ino);
        ASSERT_EQ(stat((there / "fifo").c_str(), &st), 0);
        EXPECT_TRUE(S_ISFIFO(st.st_mode));
        EXPECT_EQ(getxattr((there / "data").c_str(), "user.note", nullptr, 0), 1);
        EXPECT_EQ(getxattr(there.c_str(), "user.note", nullptr, 0), 3);
        EXPECT_EQ(getxattr(there.c_str(), "system.posix_acl_default", nullptr, 0), static_cast<ssize_t>(sizeof acl));
        ASSERT_EQ(stat(there.c_str(), &st), 0);
        EXPECT_EQ(st.st_uid, 12U);
        EXPECT_EQ(st.st_gid, 34U);
    };
    ASSERT_TRUE(create({rule("/srv/app", Mode::bind), ""}));
    for (const char* tree : {".template", "n1", "n2"}) expect_all(root() / ".pando/nodes" / tree / "srv/app");
    const auto gone = remove({"/srv/app", "n1", {}});
    ASSERT_TRUE(gone) << gone.error().what;
    expect_all(app);
    expect_all(root() / ".pando/kept/srv_app.n2.1");
    expect_all(root() / ".pando/kept/srv_app.shared.1");
}

TEST_F(Changes, WhoComesSecondWaitsAndIsToldForWhom) {
    const auto shared = SharedRoot::open(root()).value();
    EXPECT_EQ(ChangeLock::held_by(shared.bare()).value(), std::nullopt);
    const auto first = ChangeLock::take(shared.bare(), {"n2", "pando cdsl apply"}, Deadline::after(Milliseconds(0)));
    ASSERT_TRUE(first) << first.error().what;
    const auto second = ChangeLock::take(shared.bare(), {"n1", "pando cdsl create"}, Deadline::after(Milliseconds(0)));
    ASSERT_FALSE(second);
    EXPECT_THAT(second.error().what, HasSubstr("being changed by n2 (pando cdsl apply, process"));
    EXPECT_FALSE(ChangeLock::take_now(shared.bare(), {"n1", "boot"}).value().has_value());
    EXPECT_THAT(get("/.pando/journal/lock"), HasSubstr("n2 "));
    EXPECT_THAT(ChangeLock::held_by(shared.bare()).value().value_or(""), HasSubstr("n2 (pando cdsl apply, process"));
    // A boot waits for nobody: it maps what the inventory has.
    as_node([&] {
        put("/.pando/journal/1-n2-1.yaml", "cannot be read, and is not while another is at work");
        boot("n1");
    });
}

// A second shared filesystem below the root, with CDSLs of its own.
TEST_F(Changes, AFilesystemBelowTheRootHasAnInventoryOfItsOwn) {
    fs::create_directory(root() / "mnt");
    ASSERT_EQ(mount("tmpfs", (root() / "mnt").c_str(), "tmpfs", 0, nullptr), 0);
    put("/mnt/tasks/file", "shared");
    const fs::path top = root() / "mnt";
    cluster_ = grove({{"/mnt/tasks", "bind", "all"}});
    const Inventory empty{{}, {}, "/mnt"};
    {
        const auto change = Change::begin(top, {"n1", "pando cdsl apply"}).value();
        Intent intent;
        intent.inventory = empty;
        intent.actions = {{Action::Kind::commit, {}, {}, {}}};
        ASSERT_TRUE(change.carry_out(intent));
    }
    const auto policy = policy_for_root(cluster_on(cluster_, empty), {}, builtin_on(empty)).value();
    ASSERT_EQ(policy.size(), 1U);
    ASSERT_TRUE(prepare(top, policy).execute(Plan::Mode::apply));
    EXPECT_EQ(read_inventory_of(top).value()->below, "/mnt") << "kept by who applies a policy";
    EXPECT_FALSE(fs::exists(top / "etc")) << "the built-in policy is a root's";
    for (const std::string node : {"n1", "n2"})
        as_node([&] {
            boot(node);
            const auto mapped = map(top, policy, {node, {}, "blade"});
            ASSERT_TRUE(mapped) << mapped.error().what;
            EXPECT_EQ(mapped->binds, 1U);
            EXPECT_EQ(get("/mnt/tasks/file"), "shared");
            put("/mnt/tasks/file", node);
            const auto shared = SharedRoot::open(root()).value();
            EXPECT_TRUE(is_mounted_filesystem(shared, "/mnt").value());
            EXPECT_FALSE(is_mounted_filesystem(shared, "/var/log").value());
            // And the root finds it again when it has lost its inventory.
            EXPECT_THAT(rebuild_inventory(shared, builtin_policy()).value().filesystems, ElementsAre("/mnt"));
        });
    EXPECT_EQ(get("/mnt/.pando/nodes/n2/tasks/file"), "n2");
    ASSERT_EQ(umount2(top.c_str(), MNT_DETACH), 0);
}

class ChangesKilled : public Changes {
protected:
    // Kills `work` at each of its changes in turn; after every kill either a command or a boot comes next.
    int kill_everywhere(const std::function<void()>& before, const std::function<Result<>(const Checkpoint&)>& work,
                        const std::function<void(int)>& afterwards) {
        for (int n = 1; n < 1000; ++n) {
            renew();
            furnish();
            before();
            const Ended ended = in_child([&] {
                const auto done = work(kill_at(n));
                EXPECT_TRUE(done) << done.error().what;
            });
            if (!ended.killed) {
                EXPECT_EQ(ended.status, 0);
                return n - 1;
            }
            // What completes it may be killed as well.
            (void)in_child([&] { (void)Change::begin(root(), {"n2", "pando cdsl repair"}, kill_at(1 + n % 3)); });
            if (n % 2 == 0) {
                const auto next = Change::begin(root(), {"n2", "pando cdsl repair"});
                EXPECT_TRUE(next) << next.error().what;
            } else {
                // The boot itself, and pando-links.service.
                as_node([&] {
                    boot("n2");
                    const auto rest = recover_now(SharedRoot::open(root()).value(), {"n2", "pando cdsl guard"});
                    EXPECT_TRUE(rest) << rest.error().what;
                });
            }
            expect_no_intent();
            afterwards(n);
            if (HasFailure()) return n;
        }
        ADD_FAILURE() << "does not come to an end";
        return 0;
    }

    // As it is after `work` without any kill, and as it was before.
    void remember(const std::function<void()>& before, const std::function<Result<>(const Checkpoint&)>& work) {
        renew();
        furnish();
        before();
        before_ = snapshot();
        const auto done = work({});
        ASSERT_TRUE(done) << done.error().what;
        after_ = snapshot();
    }
    void expect_old_or_new(int n) const {
        const Snapshot now = snapshot();
        const auto to_old = without_spares(differences(before_, now));
        const auto to_new = without_spares(differences(after_, now));
        EXPECT_TRUE(to_old.empty() || to_new.empty())
            << "killed at change " << n << "\nto the old: " << testing::PrintToString(to_old)
            << "\nto the new: " << testing::PrintToString(to_new);
    }
    void survives(const std::function<void()>& before, const std::function<Result<>(const Checkpoint&)>& work,
                  int at_least) {
        remember(before, work);
        if (HasFailure()) return;
        const int kills = kill_everywhere(before, work, [&](int n) { expect_old_or_new(n); });
        EXPECT_GE(kills, at_least);
    }
    Result<> made(const Creation& wanted, const Checkpoint& checkpoint) const {
        TRY(create(wanted, checkpoint));
        return {};
    }
    Result<> removed(const Deletion& wanted, const Checkpoint& checkpoint) const {
        TRY(remove(wanted, checkpoint));
        return {};
    }

    Snapshot before_, after_;
};

TEST_F(ChangesKilled, WhileADirectoryIsMadePrivate) {
    survives([] {}, [&](const auto& at) { return made({rule("/srv/app", Mode::bind), ""}, at); }, 10);
}

TEST_F(ChangesKilled, WhileAParentOfPrivatePathsIsMadePrivate) {
    survives([] {}, [&](const auto& at) { return made({rule("/var/lib", Mode::bind), ""}, at); }, 10);
}

TEST_F(ChangesKilled, WhileAFileIsMadeALink) {
    survives([] {}, [&](const auto& at) { return made({rule("/etc/motd", Mode::link), ""}, at); }, 10);
}

TEST_F(ChangesKilled, WhileADirectoryInsideAPrivateOneIsShared) {
    survives(
        [&] {
            ASSERT_TRUE(create({rule("/srv/app", Mode::bind), ""}));
            put("/.pando/nodes/n1/srv/app/conf/a", "of n1");
        },
        [&](const auto& at) {
            return made({rule("/srv/app/conf", Mode::shared), "n1"}, at);
        },
        6);
}

TEST_F(ChangesKilled, WhileADirectoryIsSharedAgainAndEveryCopyKept) {
    survives(
        [&] {
            ASSERT_TRUE(create({rule("/srv/app", Mode::bind), ""}));
        },
        [&](const auto& at) {
            return removed({"/srv/app", "", {}}, at);
        },
        6);
}

TEST_F(ChangesKilled, WhileOneNodesDirectoryBecomesEverybodys) {
    survives(
        [&] {
            ASSERT_TRUE(create({rule("/srv/app", Mode::bind), ""}));
            put("/.pando/nodes/n2/srv/app/data", "of n2");
        },
        [&](const auto& at) {
            return removed({"/srv/app", "n2", {"n1"}}, at);
        },
        10);
}

TEST_F(ChangesKilled, WhileALinkIsReplacedByOneNodesFile) {
    survives(
        [&] {
            ASSERT_TRUE(create({rule("/etc/motd", Mode::link), ""}));
        },
        [&](const auto& at) {
            return removed({"/etc/motd", "n2", {}}, at);
        },
        6);
}

TEST_F(ChangesKilled, WhileASharedDirectoryBecomesPrivateAgain) {
    survives(
        [&] {
            ASSERT_TRUE(create({rule("/srv/app", Mode::bind), ""}));
            ASSERT_TRUE(create({rule("/srv/app/conf", Mode::shared), "n1"}));
            put("/srv/app/conf/a", "everybody's");
        },
        [&](const auto& at) {
            return removed({"/srv/app/conf", "", {}}, at);
        },
        10);
}

// The disk stays full, so whoever comes next undoes it as well.
TEST_F(ChangesKilled, WhileADeletionIsUndoneBecauseTheDiskIsFull) {
    survives(
        [&] {
            share_conf();
            ASSERT_EQ(mount(nullptr, root().c_str(), nullptr, MS_REMOUNT, "size=4m"), 0);
            put("/srv/app/conf/big", std::string(1200U << 10U, 'x'));
            put("/srv/app/conf/sub/deep", "shared");
        },
        [&](const auto& at) -> Result<> {
            if (removed({"/srv/app/conf", "", {}}, at)) return fail("the disk was large enough");
            return {};
        },
        20);
    EXPECT_THAT(differences(before_, after_), IsEmpty());
}

// Undone when asked for, and that interrupted in turn: it can be undone to the end, or completed after all.
TEST_F(ChangesKilled, WhileASharedDirectoryBecomesPrivateAgainAndThatIsUndone) {
    const auto work = [&](const Checkpoint& at) { return removed({"/srv/app/conf", "", {}}, at); };
    const auto before = [&] {
        share_conf();
        put("/srv/app/conf/sub/deep", "shared");
    };
    const auto begin = [&](Recovery recovery, const Checkpoint& at = {}) {
        return Change::begin(root(), {"n2", "pando cdsl repair"}, at, recovery);
    };
    remember(before, work);
    int undone = 0;
    for (int n = 1; n < 1000; ++n) {
        bool interrupted = true;
        for (int m = 1; interrupted; ++m) {
            renew();
            furnish();
            before();
            if (!in_child([&] { (void)work(kill_at(n)); }).killed) {
                EXPECT_GT(undone, 100);
                return;
            }
            interrupted = in_child([&] { (void)begin(Recovery::undo, kill_at(m)); }).killed;
            const auto intents = read_intents(SharedRoot::open(root())->bare()).value();
            const bool can_undo = !intents.empty() && check_undo(SharedRoot::open(root()).value(), intents.front());
            const auto ended = begin(can_undo && m % 2 == 0 ? Recovery::undo : Recovery::complete);
            ASSERT_TRUE(ended) << ended.error().what;
            expect_no_intent();
            expect_old_or_new(n);
            undone += interrupted ? 1 : 0;
            ASSERT_FALSE(HasFailure()) << "killed at change " << n << " and at change " << m << " of its undo";
        }
    }
}

TEST_F(ChangesKilled, WhileAPrivateParentIsSharedAgain) {
    survives(
        [&] {
            ASSERT_TRUE(create({rule("/var/lib", Mode::bind), ""}));
        },
        [&](const auto& at) {
            return removed({"/var/lib", "", {}}, at);
        },
        10);
}

}  // namespace
}  // namespace pando::cdsl
