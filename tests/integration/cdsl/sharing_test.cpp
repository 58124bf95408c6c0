// SPDX-License-Identifier: GPL-2.0-or-later
// What nodes on one root see of each other.
#include "tests/integration/cdsl/world.h"

#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace pando::cdsl {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Sharing : public World, public testing::WithParamInterface<Filesystem> {
protected:
    void SetUp() override { start(GetParam()); }
};

INSTANTIATE_TEST_SUITE_P(On, Sharing, testing::Values(Filesystem::tmpfs, Filesystem::ext4),
                         [](const auto& row) { return row.param == Filesystem::tmpfs ? "tmpfs" : "ext4"; });

TEST_P(Sharing, PreparingAgainIsFree) {
    prepare_all();
    const auto before = snapshot();
    int changes = 0;
    const auto plan = prepare(root(), builtin_policy(), [&](std::string_view) { ++changes; });
    for (const Step& step : plan.steps()) EXPECT_TRUE(step.done().value_or(false)) << step.text;
    ASSERT_TRUE(plan.execute(Plan::Mode::apply));
    EXPECT_EQ(changes, 0);
    EXPECT_THAT(differences(before, snapshot()), IsEmpty());
}

TEST_P(Sharing, LogsAndSpoolsAreEachNodesOwn) {
    prepare_all();
    as_node([&] {
        map_as("n1");
        put("/var/log/messages", "from n1");
        put("/var/spool/job", "of n1");
        EXPECT_EQ(get("/var/log/apt/history.log"), "installed\n") << "starts from what the root held";
    });
    as_node([&] {
        map_as("n2");
        EXPECT_EQ(get("/var/log/messages"), "(none)");
        EXPECT_EQ(get("/var/spool/job"), "(none)");
    });
    as_node([&] {
        map_as("n1");
        EXPECT_EQ(get("/var/log/messages"), "from n1") << "outlives a boot";
    });
    EXPECT_EQ(get("/var/log/messages"), "(none)") << "the shared directory under the mount is untouched";
}

TEST_P(Sharing, HostFilesAreReachedThroughTheLink) {
    prepare_all();
    for (const std::string node : {"n1", "n2"}) {
        as_node([&] {
            map_as(node);
            EXPECT_EQ(get("/etc/hostname"), node + "\n");
            EXPECT_EQ(get("/etc/machine-id"), "id-of-" + node + "\n");
            EXPECT_EQ(get("/etc/iscsi/initiatorname.iscsi"), "InitiatorName=of." + node + "\n");
            EXPECT_EQ(get("/etc/ssh/ssh_host_ed25519_key"), "secret\n");
            struct stat st {};
            ASSERT_EQ(lstat((root() / ".pando/local/etc/ssh/ssh_host_ed25519_key").c_str(), &st), 0);
            EXPECT_EQ(st.st_mode & 07777U, 0600U);
        });
    }
    EXPECT_EQ(fs::read_symlink(root() / "etc/hostname"), "../.pando/local/etc/hostname");
}

TEST_P(Sharing, TheRestIsOneFileForAll) {
    prepare_all();
    as_node([&] {
        map_as("n1");
        put("/etc/passwd", "changed on n1");
        put("/var/cache/apt/pkgcache.bin", "apt ran on n1");
        put("/var/lib/dpkg/status", "dpkg ran on n1");
        put("/var/cache/ldconfig/aux-cache", "private");
    });
    as_node([&] {
        map_as("n2");
        EXPECT_EQ(get("/etc/passwd"), "changed on n1");
        EXPECT_EQ(get("/var/cache/apt/pkgcache.bin"), "apt ran on n1") << "shared inside the private /var/cache";
        EXPECT_EQ(get("/var/lib/dpkg/status"), "dpkg ran on n1");
        EXPECT_EQ(get("/var/cache/ldconfig/aux-cache"), "aux\n");
    });
}

TEST_P(Sharing, TheMachineIdIsMadeOnceAndKept) {
    prepare_all();
    as_node([&] { map_as("n1"); });
    as_node([&] {
        NodeFacts facts = facts_of("n1");
        facts.files["/etc/machine-id"].content = "another\n";
        facts.files["/etc/hostname"].content = "renamed\n";
        ASSERT_TRUE(map(root(), builtin_policy(), facts));
        EXPECT_EQ(get("/etc/machine-id"), "id-of-n1\n");
        EXPECT_EQ(get("/etc/hostname"), "renamed\n") << "other facts follow the cluster's description";
    });
}

TEST_P(Sharing, TmpIsVolatileAndOpenToAll) {
    prepare_all();
    as_node([&] {
        map_as("n1");
        struct stat st {};
        ASSERT_EQ(stat((root() / "tmp").c_str(), &st), 0);
        EXPECT_EQ(st.st_mode & 07777U, 01777U);
        std::string mounts = read_file("/proc/self/mounts").value();
        EXPECT_THAT(mounts, HasSubstr((root() / "tmp").string() + " tmpfs rw,nosuid,nodev"));
        put("/tmp/x", "gone after this boot");
    });
    EXPECT_EQ(get("/tmp/x"), "(none)");
}

TEST_P(Sharing, MappingAgainMountsNothingTwice) {
    prepare_all();
    as_node([&] {
        const auto mounts = [] {
            const std::string text = read_file("/proc/self/mountinfo").value();
            return std::count(text.begin(), text.end(), '\n');
        };
        const Mapped first = map_as("n1");
        const auto before = mounts();
        const Mapped second = map_as("n1");
        EXPECT_EQ(mounts(), before);
        EXPECT_EQ(first.binds, second.binds);
        EXPECT_EQ(first.tmpfs, 1U);
        EXPECT_GT(first.links, 5U);
    });
}

TEST_P(Sharing, ManyNodesMayComeUpAtTheSameMoment) {
    prepare_all();
    std::vector<pid_t> nodes;
    for (int i = 0; i < 8; ++i) {
        fflush(nullptr);
        const pid_t pid = fork();
        if (pid == 0) {
            const std::string name = "n" + std::to_string(i);
            const Ended ended = in_child([&] {
                map_as(name);
                EXPECT_EQ(get("/etc/hostname"), name + "\n");
            });
            _exit(ended.status);
        }
        nodes.push_back(pid);
    }
    for (const pid_t pid : nodes) {
        int status = 0;
        ASSERT_EQ(waitpid(pid, &status, 0), pid);
        EXPECT_EQ(status, 0);
    }
    EXPECT_EQ(list_directory(root() / ".pando/nodes").value().size(), 9U) << "eight and the template";
}

TEST_P(Sharing, NestsPrivateAndSharedSixDeep) {
    std::vector<Rule> policy;
    fs::path path = "/srv";
    for (int level = 0; level < 6; ++level) {
        path /= std::to_string(level);
        policy.push_back({path, level % 2 == 0 ? Mode::bind : Mode::shared, Seed::copy, 0755, "x"});
        put((path / "file").string(), "first");
    }
    prepare_all(policy);
    as_node([&] {
        const auto mapped = map(root(), policy, {"n1", {}});
        ASSERT_TRUE(mapped);
        EXPECT_THAT(mapped->failures, IsEmpty());
        for (const Rule& rule : policy) put((rule.path / "file").string(), "by n1");
    });
    as_node([&] {
        ASSERT_TRUE(map(root(), policy, {"n2", {}}));
        for (const Rule& rule : policy)
            EXPECT_EQ(get((rule.path / "file").string()), rule.mode == Mode::shared ? "by n1" : "first") << rule.path;
    });
}

TEST_F(World, EtcAndVarGoWithUsrSoThatNoNodeUpdatesThemAtItsFirstBoot) {
    prepare_all();
    struct stat usr {};
    ASSERT_EQ(stat((root() / "usr").c_str(), &usr), 0);
    for (const char* stamp : {"etc/.updated", "var/.updated"}) {
        struct stat st {};
        ASSERT_EQ(stat((root() / stamp).c_str(), &st), 0);
        EXPECT_EQ(st.st_mtim.tv_sec, usr.st_mtim.tv_sec);
        EXPECT_EQ(st.st_mtim.tv_nsec, usr.st_mtim.tv_nsec);
    }
}

TEST_F(World, ASymlinkOfSomebodyElseStillLeadsWhereItDid) {
    prepare_all();
    EXPECT_EQ(fs::read_symlink(root() / ".pando/nodes/.template/etc/resolv.conf"), "/run/resolv.conf");
    as_node([&] {
        map_as("n1");
        put("/run/resolv.conf", "nameserver");
        EXPECT_EQ(get("/etc/resolv.conf"), "nameserver");
    });
}

TEST_F(World, AFileThatSedPutInPlaceOfTheLinkIsKeptAsideAndTheLinkComesBack) {
    prepare_all();
    as_node([&] {
        map_as("n1");
        const auto sed = run_ok({.argv = {"sed", "-i", "s/n1/edited/", (root() / "etc/hostname").string()}});
        ASSERT_TRUE(sed) << sed.error().what;
    });
    ASSERT_TRUE(fs::is_regular_file(fs::symlink_status(root() / "etc/hostname"))) << "sed -i writes by rename";
    as_node([&] {
        const Mapped mapped = map_as("n2");
        EXPECT_THAT(mapped.repaired, ElementsAre(HasSubstr("/.pando/displaced/etc_hostname.n2.1")));
        EXPECT_EQ(get("/etc/hostname"), "n2\n");
        EXPECT_EQ(get("/.pando/displaced/etc_hostname.n2.1"), "edited\n");
        EXPECT_THAT(map_as("n2").repaired, IsEmpty());
    });
}

TEST_F(World, FactsOnASharedPathAreRefusedAlone) {
    prepare_all();
    as_node([&] {
        NodeFacts facts = facts_of("n1");
        facts.files["/etc/passwd"] = {"mine"};
        facts.files["/tmp/x"] = {"volatile"};
        const auto mapped = map(root(), builtin_policy(), facts);
        ASSERT_TRUE(mapped);
        EXPECT_THAT(mapped->required_failures, ElementsAre(HasSubstr("/etc/passwd: is not the node's own"),
                                                           HasSubstr("/tmp/x: is not the node's own")));
        EXPECT_EQ(get("/etc/hostname"), "n1\n");
    });
    EXPECT_THAT(get("/etc/passwd"), HasSubstr("root:x:0"));
}

TEST_F(World, FactsThatDidNotChangeAreNotWrittenAgain) {
    prepare_all();
    as_node([&] { map_as("n1"); });
    struct stat before {};
    struct stat after {};
    ASSERT_EQ(stat((root() / ".pando/nodes/n1/etc/hostname").c_str(), &before), 0);
    as_node([&] { map_as("n1"); });
    ASSERT_EQ(stat((root() / ".pando/nodes/n1/etc/hostname").c_str(), &after), 0);
    EXPECT_EQ(before.st_ino, after.st_ino);
}

TEST_F(World, ADirectoryOfAPackageInstalledLaterIsPrivateToo) {
    prepare_all();
    as_node([&] { map_as("n1"); });
    put("/var/lib/chrony/drift", "of whoever installed it");
    put("/etc/network/interfaces", "auto lo\n");
    as_node([&] {
        map_as("n1");
        EXPECT_EQ(get("/etc/network/interfaces"), "auto lo\n") << "seed copy";
        EXPECT_EQ(get("/var/lib/chrony/drift"), "(none)") << "seed empty";
        put("/etc/network/interfaces", "n1's own");
    });
    EXPECT_EQ(get("/etc/network/interfaces"), "auto lo\n");
}

TEST_F(World, AFileThatIsNoLinkYetIsLeftToPrepare) {
    prepare_all();
    put("/etc/ssh/ssh_host_rsa_key", "installed later", 0600);  // no link, no template
    std::vector<Rule> grown = builtin_policy();
    put("/etc/new", "shared so far");
    grown.push_back({"/etc/new", Mode::link, Seed::copy, 0644, "x"});
    as_node([&] {
        const auto mapped = map(root(), grown, facts_of("n1"));
        ASSERT_TRUE(mapped);
        EXPECT_THAT(mapped->failures,
                    ElementsAre(HasSubstr("/etc/ssh/ssh_host_rsa_key: came after the rule was applied"),
                                HasSubstr("/etc/new: shall be link and is not applied yet")));
        EXPECT_EQ(get("/etc/ssh/ssh_host_rsa_key"), "installed later");
        EXPECT_EQ(get("/etc/new"), "shared so far");
        // And prepare() on the running node gives it to every node before the link leads there.
        prepare_all(grown);
        EXPECT_EQ(get("/etc/new"), "shared so far");
        EXPECT_TRUE(fs::is_symlink(root() / "etc/new"));
    });
}

TEST_F(World, PreparingARunningNodesRootReadsWhatIsUnderTheMounts) {
    prepare_all();
    as_node([&] {
        map_as("n1");
        put("/var/tmp/private", "of n1");
        put("/var/lib/misc/x", "shared");
        auto grown = builtin_policy();
        grown.push_back({"/var", Mode::bind, Seed::copy, 0755, "x"});
        prepare_all(grown);
    });
    EXPECT_EQ(get("/.pando/nodes/.template/var/lib/dpkg/status"), "Package: base\n");
    EXPECT_EQ(get("/.pando/nodes/.template/var/tmp/private"), "(none)");
}

TEST_F(World, ARootUnpackedFromAnArchiveWithoutMarksIsPreparedAsIfItHadThem) {
    prepare_all();
    for (const char* parent : {"etc", "etc/ssh", "var", "var/lib"})
        ASSERT_EQ(removexattr((root() / ".pando/nodes/.template" / parent).c_str(), "trusted.pando.parent"), 0)
            << parent << ": " << strerror(errno);
    auto grown = builtin_policy();
    grown.push_back({"/var/lib", Mode::bind, Seed::copy, 0755, "x"});
    prepare_all(grown);
    EXPECT_EQ(get("/.pando/nodes/.template/var/lib/dpkg/status"), "Package: base\n");
    EXPECT_EQ(get("/.pando/nodes/.template/var/lib/systemd/random-seed"), "seed\n");
}

TEST_F(World, ATornInventoryIsWrittenAnewAndANewerOneIsLeftAlone) {
    prepare_all();
    const std::string inventory = get("/.pando/cdsl.yaml");
    put("/.pando/cdsl.yaml", inventory.substr(0, inventory.size() / 2) + "\n - [");
    prepare_all();
    EXPECT_EQ(get("/.pando/cdsl.yaml"), inventory);
    put("/.pando/cdsl.yaml", "version: 3\nrules: []\n");
    const auto done = prepare(root(), builtin_policy()).execute(Plan::Mode::apply);
    ASSERT_FALSE(done);
    EXPECT_THAT(done.error().what, HasSubstr("has version 3"));
    EXPECT_EQ(get("/.pando/cdsl.yaml"), "version: 3\nrules: []\n");
}

TEST_F(World, WhatIsMountedOnARulesPathIsLeftAndTheRestMapped) {
    prepare_all();
    as_node([&] {
        ASSERT_EQ(mount("tmpfs", (root() / "var/log").c_str(), "tmpfs", 0, nullptr), 0);
        const auto mapped = map(root(), builtin_policy(), facts_of("n1"));
        ASSERT_TRUE(mapped);
        EXPECT_THAT(mapped->required_failures, ElementsAre(HasSubstr("/var/log: something else is mounted there")));
        EXPECT_EQ(get("/etc/hostname"), "n1\n");
        put("/var/spool/x", "x");
    });
    EXPECT_EQ(get("/.pando/nodes/n1/var/spool/x"), "x");
}

TEST_F(World, ARootThatWasNotPreparedIsRefusedWithAdvice) {
    as_node([&] {
        const auto mapped = map(root(), builtin_policy(), facts_of("n1"));
        ASSERT_FALSE(mapped);
        EXPECT_THAT(mapped.error().advice, HasSubstr("pando cdsl apply"));
    });
}

TEST_F(World, ANameThatIsNoNodesIsRefused) {
    prepare_all();
    for (const char* name : {"", ".template", "..", "a/b"}) {
        const auto mapped = map(root(), builtin_policy(), {name, {}});
        ASSERT_FALSE(mapped) << name;
        EXPECT_EQ(mapped.error().kind, ErrorKind::bad_input);
    }
}

}  // namespace
}  // namespace pando::cdsl
