// SPDX-License-Identifier: GPL-2.0-or-later
// Real programs, with their habits of writing: in place, by rename, through links. On private paths what they write is
// the node's own; on shared ones it is everybody's.
#include "cdsl/beneath.h"
#include "cdsl/change.h"
#include "cdsl/declare.h"
#include "cdsl/guard.h"
#include "cdsl/layout.h"
#include "tests/integration/cdsl/world.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace pando::cdsl {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Habits : public World {
protected:
    void SetUp() override {
        World::SetUp();
        put("/etc/network/interfaces", "auto lo\n");
        put("/etc/group", "root:x:0:\n");
        put("/etc/shadow", "root:*:19000:0:99999:7:::\n", 0640);
        put("/etc/motd", "of the image\n");
        policy_ = builtin_policy();
        policy_.push_back({"/etc/motd", Mode::link, Seed::copy, 0644, "x"});
        policy_.push_back({"/etc/localtime", Mode::link, Seed::copy, 0644, "x"});
        prepare_all(policy_);
        for (const char* node : {"n1", "n2"}) as_node([&] { map_as(node, policy_); });
    }

    std::string at(const char* path) const { return (root() / fs::path(path).relative_path()).string(); }

    // Runs a program on node n1 while its guard is at work; `lines` are what the guard says.
    void on_n1(const std::vector<std::string>& argv, const testing::Matcher<std::vector<std::string>>& lines) const {
        as_node([&] {
            map_as("n1", policy_);
            auto guard = LinkGuard::start(root(), "n1");
            ASSERT_TRUE(guard) << guard.error().what;
            const auto done = run_ok({.argv = argv, .env = {{"HOME", "/nonexistent"}}});
            ASSERT_TRUE(done) << done.error().what;
            const auto settled = guard->settle();
            ASSERT_TRUE(settled) << settled.error().what;
            EXPECT_THAT(*settled, lines);
        });
    }
    void on_n1(const std::vector<std::string>& argv) const { on_n1(argv, IsEmpty()); }

    std::string seen_by(const std::string& node, const std::string& path) const {
        std::string seen;
        const fs::path note = root() / "seen";
        as_node([&] {
            map_as(node, policy_);
            std::string text = get(path);
            ASSERT_TRUE(write_file_atomic(note, text));
        });
        seen = read_file(note).value_or("(nothing)");
        fs::remove(note);
        return seen;
    }

    void expect_private(const std::string& path, const std::string& of_n1, const std::string& of_n2) const {
        EXPECT_EQ(seen_by("n1", path), of_n1);
        EXPECT_EQ(seen_by("n2", path), of_n2);
    }
    void expect_link(const char* path) const {
        std::error_code error;
        EXPECT_EQ(fs::read_symlink(at(path), error), target_of(path)) << path << " is no link of ours any more";
    }
    static std::string target_of(const char* path) { return std::string("../.pando/local") + path; }

    std::vector<Rule> policy_;
};

TEST_F(Habits, SedInAPrivateDirectoryRenamesInTheNodesOwn) {
    on_n1({"sed", "-i", "s/lo/eth0/", at("/etc/network/interfaces")});
    expect_private("/etc/network/interfaces", "auto eth0\n", "auto lo\n");
}

TEST_F(Habits, SedOnALinkIsGivenBackToItsNode) {
    on_n1({"sed", "-i", "s/image/n1/", at("/etc/motd")}, ElementsAre(HasSubstr("/etc/motd: what a program put")));
    expect_link("/etc/motd");
    expect_private("/etc/motd", "of the n1\n", "of the image\n");
}

TEST_F(Habits, SedThatFollowsSymlinksLeavesTheLinkAlone) {
    on_n1({"sed", "-i", "--follow-symlinks", "s/image/n1/", at("/etc/motd")});
    expect_link("/etc/motd");
    expect_private("/etc/motd", "of the n1\n", "of the image\n");
}

// What hostnamectl has systemd-hostnamed do: a new file beside the old one, renamed over it. systemd-firstboot has the
// same function behind it and needs no running system.
TEST_F(Habits, AHostNameSetBySystemdIsTheNodesOwn) {
    on_n1({"systemd-firstboot", "--root=" + root().string(), "--force", "--hostname=renamed"},
          ElementsAre(HasSubstr("/etc/hostname: what a program put")));
    expect_link("/etc/hostname");
    EXPECT_EQ(get("/.pando/nodes/n1/etc/hostname"), "renamed\n");
    EXPECT_EQ(get("/.pando/nodes/n2/etc/hostname"), "n2\n");
}

TEST_F(Habits, ATimeZoneSetAsASymlinkIsTheNodesOwn) {
    on_n1({"ln", "-sfT", "../usr/share/zoneinfo/Europe/Berlin", at("/etc/localtime")},
          ElementsAre(HasSubstr("/etc/localtime: what a program put")));
    expect_link("/etc/localtime");
    EXPECT_EQ(fs::read_symlink(root() / ".pando/nodes/n1/etc/localtime"), "/usr/share/zoneinfo/Europe/Berlin");
    EXPECT_FALSE(fs::exists(fs::symlink_status(root() / ".pando/nodes/n2/etc/localtime")));
}

TEST_F(Habits, VimWritesThroughTheLink) {
    const std::vector<std::string> vim = {"vim", "-es", "-u", "NONE", "-i", "NONE", "-c", "%s/image/n1/", "-c", "wq"};
    auto argv = vim;
    argv.push_back(at("/etc/motd"));
    on_n1(argv);
    expect_link("/etc/motd");
    expect_private("/etc/motd", "of the n1\n", "of the image\n");
}

// With backupcopy=no it renames the link itself to the backup, and writes a new file.
TEST_F(Habits, VimThatRenamesTheOriginalIsGivenBackToItsNode) {
    on_n1({"vim", "-es", "-u", "NONE", "-i", "NONE", "--cmd", "set backupcopy=no", "-c", "%d", "-c", "s/^/typed/", "-c",
           "wq", at("/etc/motd")},
          testing::_);
    expect_link("/etc/motd");
    expect_private("/etc/motd", "typed\n", "of the image\n");
    EXPECT_FALSE(fs::exists(fs::symlink_status(at("/etc/motd~"))));
}

TEST_F(Habits, UseraddWritesTheSharedAccountsForEveryNode) {
    on_n1({"useradd", "-P", root().string(), "-M", "-u", "1234", "anna"});
    EXPECT_THAT(seen_by("n1", "/etc/passwd"), HasSubstr("anna:x:1234"));
    EXPECT_THAT(seen_by("n2", "/etc/passwd"), HasSubstr("anna:x:1234"));
}

// It opens its files without following symlinks: accounts cannot be private by a link, and nothing is lost by trying.
TEST_F(Habits, UseraddRefusesAccountsThatAreALink) {
    policy_.push_back({"/etc/passwd", Mode::link, Seed::copy, 0644, "x"});
    prepare_all(policy_);
    as_node([&] {
        map_as("n1", policy_);
        const auto done = run({.argv = {"useradd", "-P", root().string(), "-M", "-u", "1234", "anna"}});
        ASSERT_TRUE(done);
        EXPECT_NE(done->status, 0);
        EXPECT_THAT(done->err, HasSubstr("cannot open"));
    });
    expect_link("/etc/passwd");
    EXPECT_THAT(seen_by("n1", "/etc/passwd"), testing::Not(HasSubstr("anna")));
}

// dpkg follows the link when it configures and not when it unpacks: the new version stays beside the link, for a person
// to merge. In a private directory it is the node's that runs dpkg.
TEST_F(Habits, ConffilesOfDpkgNeverBreakALinkAndAreANodesOwnInItsDirectory) {
    const fs::path package = root() / "package";
    put("/var/lib/dpkg/status", "");
    for (const char* directory : {"info", "updates", "triggers"})
        fs::create_directories(root() / "var/lib/dpkg" / directory);
    for (const char* version : {"1", "2"}) {
        put("/package/DEBIAN/control", fmt::format("Package: habit\nVersion: {}\nArchitecture: all\n"
                                                   "Maintainer: nobody <n@example.org>\nDescription: x\n",
                                                   version));
        put("/package/DEBIAN/conffiles", "/etc/motd\n/etc/network/interfaces\n");
        for (const char* file : {"/package/etc/motd", "/package/etc/network/interfaces"})
            put(file, fmt::format("version {}\n", version));
        const auto built =
            run_ok({.argv = {"dpkg-deb", "--build", "--root-owner-group", package.string(), at("/h.deb")}});
        ASSERT_TRUE(built) << built.error().what;
        on_n1({"dpkg", "--root=" + root().string(), "--force-confnew", "--install", at("/h.deb")});
        expect_link("/etc/motd");
        EXPECT_EQ(get("/etc/motd.dpkg-new"), fmt::format("version {}\n", version));
        expect_private("/etc/motd", "of the image\n", "of the image\n");
        expect_private("/etc/network/interfaces", fmt::format("version {}\n", version), "auto lo\n");
    }
}

TEST_F(Habits, WhatIsTakenKeepsOwnerPermissionsAndAttributesAndItsWriter) {
    as_node([&] {
        map_as("n1", policy_);
        auto guard = LinkGuard::start(root(), "n1");
        ASSERT_TRUE(guard) << guard.error().what;
        ASSERT_EQ(unlink(at("/etc/motd").c_str()), 0);
        const UniqueFd writer(open(at("/etc/motd").c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640));
        ASSERT_EQ(write(writer.get(), "begin ", 6), 6);
        ASSERT_EQ(fchown(writer.get(), 12, 34), 0);
        ASSERT_EQ(fchmod(writer.get(), 0604), 0);
        ASSERT_EQ(fsetxattr(writer.get(), "trusted.mine", "x", 1, 0), 0);
        ASSERT_THAT(guard->settle().value(), ElementsAre(HasSubstr("/etc/motd")));
        ASSERT_EQ(write(writer.get(), "end", 3), 3) << "a program that still has the file open";
    });
    expect_link("/etc/motd");
    EXPECT_EQ(get("/.pando/nodes/n1/etc/motd"), "begin end");
    struct stat st {};
    ASSERT_EQ(lstat(at("/.pando/nodes/n1/etc/motd").c_str(), &st), 0);
    EXPECT_EQ(st.st_uid, 12U);
    EXPECT_EQ(st.st_gid, 34U);
    EXPECT_EQ(st.st_mode & 07777U, 0604U);
    EXPECT_EQ(getxattr(at("/.pando/nodes/n1/etc/motd").c_str(), "trusted.mine", nullptr, 0), 1);
}

TEST_F(Habits, AGuardKilledAnywhereLosesNothingAndTheNextStartCompletes) {
    for (int n = 1; n < 20; ++n) {
        put("/.pando/nodes/n1/etc/motd", "before\n");
        fs::remove(at("/etc/motd"));
        fs::create_symlink(target_of("/etc/motd"), at("/etc/motd"));
        const Ended ended = in_child([&] {
            auto guard = LinkGuard::start(root(), "n1", kill_at(n));
            ASSERT_TRUE(guard) << guard.error().what;
            put("/etc/motd", "written by rename\n");
            ASSERT_TRUE(guard->settle());
        });
        if (!ended.killed) {
            EXPECT_EQ(ended.status, 0);
            EXPECT_GT(n, 2);
            EXPECT_EQ(get("/.pando/nodes/n1/etc/motd"), "written by rename\n");
            return;
        }
        ASSERT_TRUE(LinkGuard::start(root(), "n1"));
        const bool taken = fs::is_symlink(fs::symlink_status(at("/etc/motd")));
        EXPECT_EQ(get(taken ? "/.pando/nodes/n1/etc/motd" : "/etc/motd"), "written by rename\n") << "killed at " << n;
        EXPECT_FALSE(fs::exists(fs::symlink_status(at("/.pando/nodes/n1/etc/.pando.guard.motd")))) << n;
    }
    ADD_FAILURE() << "does not come to an end";
}

TEST_F(Habits, TheGuardFollowsTheInventory) {
    as_node([&] {
        map_as("n1", policy_);
        auto guard = LinkGuard::start(root(), "n1");
        ASSERT_TRUE(guard) << guard.error().what;
        put("/etc/issue", "shared\n");
        auto grown = policy_;
        grown.push_back({"/etc/issue", Mode::link, Seed::copy, 0644, "x"});
        prepare_all(grown);
        ASSERT_TRUE(guard->settle());
        put("/etc/issue", "of n1\n");
        EXPECT_THAT(guard->settle().value(), ElementsAre(HasSubstr("/etc/issue")));
        EXPECT_EQ(get("/.pando/nodes/n1/etc/issue"), "of n1\n");
        EXPECT_EQ(get("/.pando/nodes/n2/etc/issue"), "shared\n");
    });
}

// The publication of the file is an event in a directory of links like any other.
TEST_F(Habits, ADeletionIsNotUndone) {
    as_node([&] {
        map_as("n1", policy_);
        auto guard = LinkGuard::start(root(), "n1");
        ASSERT_TRUE(guard) << guard.error().what;
        {
            const auto change = Change::begin(root(), {"n2", "pando cdsl delete"});
            ASSERT_TRUE(change) << change.error().what;
            auto intent = plan_deletion(change->shared(), cluster(), {.path = "/etc/motd", .keep = "n2"});
            ASSERT_TRUE(intent) << intent.error().what;
            ASSERT_TRUE(change->carry_out(*intent));
        }
        EXPECT_THAT(guard->settle().value(), IsEmpty());
        put("/etc/motd", "shared again\n");
        EXPECT_THAT(guard->settle().value(), IsEmpty());
        EXPECT_FALSE(guard->waiting());
    });
    EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(at("/etc/motd"))));
    EXPECT_EQ(get("/etc/motd"), "shared again\n");
    EXPECT_EQ(get("/.pando/nodes/n1/etc/motd"), "(none)");
}

TEST_F(Habits, TheGuardWaitsForWhoeverHasTheLock) {
    as_node([&] {
        map_as("n1", policy_);
        auto guard = LinkGuard::start(root(), "n1");
        ASSERT_TRUE(guard) << guard.error().what;
        put("/etc/motd", "of n1\n");
        {
            const auto change = Change::begin(root(), {"n2", "pando cdsl create"});
            ASSERT_TRUE(change) << change.error().what;
            EXPECT_THAT(guard->settle().value(), IsEmpty());
            EXPECT_TRUE(guard->waiting());
            EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(at("/etc/motd"))));
        }
        EXPECT_THAT(guard->settle().value(), ElementsAre(HasSubstr("/etc/motd: what a program put")));
        EXPECT_FALSE(guard->waiting());
    });
    expect_private("/etc/motd", "of n1\n", "of the image\n");
}

TEST_F(Habits, TheGuardLeavesAPathToTheInterruptedChangeThatNamesIt) {
    as_node([&] {
        map_as("n1", policy_);
        auto guard = LinkGuard::start(root(), "n1");
        ASSERT_TRUE(guard) << guard.error().what;
        const UniqueFd top(open(root().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
        Intent intent{.holder = {"n2", "pando cdsl delete"}, .inventory = *read_inventory(top.get()).value()};
        intent.actions.push_back({Action::Kind::unlink, {}, "etc/motd", {}});
        ASSERT_TRUE(write_intent(top.get(), intent));
        put("/etc/motd", "of n1\n");
        put("/etc/hostname", "renamed\n");
        EXPECT_THAT(guard->settle().value(), ElementsAre(HasSubstr("/etc/hostname: what a program put"),
                                                         HasSubstr("/etc/motd: waits for a change")));
        EXPECT_EQ(get("/.pando/nodes/n1/etc/motd"), "of the image\n");
        ASSERT_TRUE(remove_intent(top.get(), intent.id));
        EXPECT_THAT(guard->settle().value(), ElementsAre(HasSubstr("/etc/motd: what a program put")));
        EXPECT_EQ(get("/.pando/nodes/n1/etc/motd"), "of n1\n");
    });
}

TEST_F(Habits, WhatAnInterruptedGuardLeftNeverTakesThePlaceOfWhatCameLater) {
    as_node([&] {
        map_as("n1", policy_);
        auto guard = LinkGuard::start(root(), "n1");
        ASSERT_TRUE(guard) << guard.error().what;
        put("/.pando/nodes/n1/etc/.pando.guard.motd", "an old file\n");
        put("/etc/motd", "new\n");
        EXPECT_THAT(guard->settle().value(), ElementsAre(HasSubstr("/etc/motd: what a program put")));
        expect_link("/etc/motd");
        EXPECT_EQ(get("/.pando/nodes/n1/etc/motd"), "new\n");
        EXPECT_FALSE(fs::exists(at("/.pando/nodes/n1/etc/.pando.guard.motd")));
    });
}

// The inventory changes while another file is taken: what was written meanwhile is still in the queue.
TEST_F(Habits, AChangeOfTheInventoryLosesNothingThatWasWritten) {
    as_node([&] {
        map_as("n1", policy_);
        bool once = true;
        auto guard = LinkGuard::start(root(), "n1", [&](std::string_view done) {
            if (done != "made the link" || !std::exchange(once, false)) return;
            put("/etc/hostname", "renamed\n");
            put("/.pando/cdsl.yaml", read_file(at("/.pando/cdsl.yaml")).value());
        });
        ASSERT_TRUE(guard) << guard.error().what;
        put("/etc/motd", "of n1\n");
        EXPECT_THAT(guard->settle().value(), ElementsAre(HasSubstr("/etc/motd")));
        EXPECT_THAT(guard->settle().value(), ElementsAre(HasSubstr("/etc/hostname")));
        EXPECT_EQ(get("/.pando/nodes/n1/etc/hostname"), "renamed\n");
    });
    expect_link("/etc/hostname");
}

TEST_F(Habits, WhatStoodInALinksPlaceBeforeTheGuardIsSaidAndLeftAlone) {
    as_node([&] {
        map_as("n1", policy_);
        put("/etc/motd", "whose?\n");
        auto guard = LinkGuard::start(root(), "n1");
        ASSERT_TRUE(guard) << guard.error().what;
        EXPECT_THAT(guard->settle().value(), ElementsAre(HasSubstr("/etc/motd: stands where the link belongs")));
        EXPECT_THAT(guard->settle().value(), IsEmpty());
        EXPECT_EQ(get("/etc/motd"), "whose?\n");
    });
}

TEST_F(Habits, AFileThatCameWhileTheLinkWasPutBackIsLostToNobody) {
    for (const bool symlink : {false, true}) {
        as_node([&] {
            map_as("n1", policy_);
            auto guard = LinkGuard::start(root(), "n1", [&](std::string_view done) {
                if (done != "made the link") return;
                fs::create_symlink("issue", at("/etc/motd.new"));
                if (!symlink) put("/etc/motd.new", "of another\n");
                fs::rename(at("/etc/motd.new"), at("/etc/motd"));
            });
            ASSERT_TRUE(guard) << guard.error().what;
            put("/etc/motd", "of n1\n");
            EXPECT_THAT(guard->settle().value(), ElementsAre(HasSubstr("written twice"), HasSubstr("what a program")));
        });
        expect_link("/etc/motd");
        size_t kept = 0;
        for (const auto& entry : fs::directory_iterator(root() / displaced_directory))
            kept += fs::is_symlink(entry.symlink_status()) == symlink ? 1 : 0;
        EXPECT_EQ(kept, 1U);
    }
}

TEST_F(Habits, TheGuardLeavesADirectoryInALinksPlaceAndSaysSo) {
    as_node([&] {
        map_as("n1", policy_);
        auto guard = LinkGuard::start(root(), "n1");
        ASSERT_TRUE(guard) << guard.error().what;
        fs::remove(at("/etc/motd"));
        fs::create_directory(at("/etc/motd"));
        EXPECT_THAT(guard->settle().value(), ElementsAre(HasSubstr("neither a file nor a link")));
    });
}

}  // namespace
}  // namespace pando::cdsl
