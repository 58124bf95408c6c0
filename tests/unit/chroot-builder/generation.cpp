// SPDX-License-Identifier: GPL-2.0-or-later
#include "chroot-builder/generation.h"
#include "base/sha256.h"
#include "tests/unit/chroot-builder/tree.h"

#include <gmock/gmock.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

namespace pando::chroot {
namespace {

using test::error_of;
using test::Tree;
namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;

class GenerationTest : public testing::Test {
protected:
    void SetUp() override {
        tree_.add_dynamic_linker();
        tree_.program("/usr/sbin/daemon");
        tree_.write("/usr/share/agent", "one\n");
        tree_.write("/usr/share/steady", "always the same\n");
        tree_.link("/usr/share/up", "../../etc/there");
        tree_.write("/etc/there", "there\n");
    }
    Manifest wanted() const {
        Request request;
        request.programs = {"daemon"};
        request.files = {"/usr/share/agent", "/usr/share/steady", "/usr/share/up"};
        auto manifest = resolve(tree_.root(), request);
        EXPECT_TRUE(manifest) << error_of(manifest);
        return std::move(*manifest);
    }
    Result<unsigned> install_now() const { return install_generation(wanted(), tree_.root(), chroot_.path()); }
    std::string content(const char* path) const { return chroot_.root().read(path).value_or("(not there)"); }
    ino_t inode(const char* path) const { return chroot_.root().stat(path).value().st_ino; }

    Tree tree_;
    Tree chroot_;
};

TEST_F(GenerationTest, TheFirstIsInPlaceUnderItsUsualPaths) {
    EXPECT_FALSE(current_generation(chroot_.path()).value());
    const auto number = install_now();
    ASSERT_TRUE(number) << error_of(number);
    EXPECT_EQ(*number, 1U);
    EXPECT_EQ(content("/usr/share/agent"), "one\n");
    EXPECT_EQ(content("/usr/share/up"), "there\n") << "a link that leaves /usr leads where it led";
    EXPECT_EQ(fs::read_symlink(chroot_.path("/usr")), ".generations/1/usr");
    const auto current = current_generation(chroot_.path()).value();
    ASSERT_TRUE(current);
    EXPECT_TRUE(compare(current->manifest, wanted()).none());
}

TEST_F(GenerationTest, TheSameAgainIsNoNewOne) {
    ASSERT_TRUE(install_now());
    EXPECT_EQ(install_now().value(), 1U);
}

TEST_F(GenerationTest, WhatDidNotChangeIsSharedWithTheOneBefore) {
    ASSERT_TRUE(install_now());
    const ino_t steady = inode("/usr/share/steady");
    const ino_t agent = inode("/usr/share/agent");
    tree_.write("/usr/share/agent", "two\n");
    EXPECT_EQ(install_now().value(), 2U);
    EXPECT_EQ(content("/usr/share/agent"), "two\n");
    EXPECT_EQ(inode("/usr/share/steady"), steady);
    EXPECT_NE(inode("/usr/share/agent"), agent);
    EXPECT_EQ(content("/.generations/1/usr/share/agent"), "one\n") << "the old one is untouched";
}

TEST_F(GenerationTest, AFileThatWasSpoiledIsNotSharedOn) {
    ASSERT_TRUE(install_now());
    chroot_.write("/.generations/1/usr/share/steady", "spoiled, my size\n");
    tree_.write("/usr/share/agent", "two\n");
    EXPECT_EQ(install_now().value(), 2U);
    EXPECT_EQ(content("/usr/share/steady"), "always the same\n");
}

TEST_F(GenerationTest, TheDifferenceIsToldByContent) {
    const Manifest before = wanted();
    tree_.write("/usr/share/agent", "two\n");
    fs::remove(tree_.path("/usr/share/steady"));
    tree_.write("/usr/share/steady", "always the same\n");  // another inode, another time
    EXPECT_THAT(compare(before, wanted()).changed, ElementsAre("/usr/share/agent"));
    EXPECT_EQ(compare(before, wanted()).new_bytes, 4U);
}

TEST_F(GenerationTest, OldOnesGoWhenNothingRunsFromThem) {
    ASSERT_TRUE(install_now());
    tree_.write("/usr/share/agent", "two\n");
    ASSERT_TRUE(install_now());
    EXPECT_THAT(remove_unused_generations(chroot_.path()).value(), ElementsAre(1U));
    EXPECT_FALSE(fs::exists(chroot_.path("/.generations/1")));
    EXPECT_EQ(content("/usr/share/steady"), "always the same\n");
    EXPECT_THAT(remove_unused_generations(chroot_.path()).value(), IsEmpty());
}

TEST_F(GenerationTest, TheOneThatAProcessRunsFromStaysAndIsNamed) {
    fs::remove(tree_.path("/usr/sbin/daemon"));
    fs::copy_file("/bin/sleep", tree_.path("/usr/sbin/daemon"));
    Manifest manifest;  // as a file alone: what sleep is linked with is the machine's
    manifest.entries["/usr"].kind = manifest.entries["/usr/sbin"].kind = Entry::Kind::directory;
    manifest.entries["/usr"].mode = manifest.entries["/usr/sbin"].mode = 0755;
    Entry& program = manifest.entries["/usr/sbin/daemon"];
    program.mode = 0755;
    program.size = fs::file_size("/bin/sleep");
    program.sha256 = sha256_of_file("/bin/sleep").value();
    ASSERT_TRUE(install_generation(manifest, tree_.root(), chroot_.path()));
    auto daemon = Child::spawn({.argv = {chroot_.path("/usr/sbin/daemon"), "60"}, .argv0 = "@daemon"}).value();
    Entry& more = manifest.entries["/usr/more"];
    more.mode = 0644;
    more.content = "x";
    more.size = 1;
    more.sha256 = sha256("x");
    ASSERT_EQ(install_generation(manifest, tree_.root(), chroot_.path()).value(), 2U);
    EXPECT_THAT(remove_unused_generations(chroot_.path()).value(), IsEmpty());
    EXPECT_THAT(old_code(chroot_.path()).value(), IsEmpty()) << "its program is the same file";
    fs::remove(tree_.path("/usr/sbin/daemon"));
    fs::copy_file("/bin/true", tree_.path("/usr/sbin/daemon"));
    manifest.entries["/usr/sbin/daemon"].size = fs::file_size("/bin/true");
    manifest.entries["/usr/sbin/daemon"].sha256 = sha256_of_file("/bin/true").value();
    ASSERT_EQ(install_generation(manifest, tree_.root(), chroot_.path()).value(), 3U);
    EXPECT_THAT(remove_unused_generations(chroot_.path()).value(), ElementsAre(2U));
    const auto old = old_code(chroot_.path()).value();
    ASSERT_EQ(old.size(), 1U);
    EXPECT_EQ(old[0].process, "@daemon");
    EXPECT_THAT(old[0].files, ElementsAre("/usr/sbin/daemon"));
    ASSERT_TRUE(daemon.stop(std::chrono::seconds(5)));
    EXPECT_THAT(remove_unused_generations(chroot_.path()).value(), ElementsAre(1U));
}

TEST_F(GenerationTest, AFingerprintChangesWithAnySourceAndWithTheRequest) {
    const Manifest manifest = wanted();
    const std::string before = fingerprint(manifest, tree_.root(), "request");
    EXPECT_EQ(fingerprint(manifest, tree_.root(), "request"), before);
    EXPECT_NE(fingerprint(manifest, tree_.root(), "another"), before);
    tree_.write("/var/lib/dpkg/status", "a package came\n");
    const std::string installed = fingerprint(manifest, tree_.root(), "request");
    EXPECT_NE(installed, before);
    tree_.write("/usr/share/agent", "one\n");  // the same text in another file
    EXPECT_NE(fingerprint(manifest, tree_.root(), "request"), installed);
    ASSERT_TRUE(install_now());
    EXPECT_EQ(kept_fingerprint(chroot_.path(), 1), "");
    ASSERT_TRUE(keep_fingerprint(chroot_.path(), 1, installed));
    EXPECT_EQ(kept_fingerprint(chroot_.path(), 1), installed);
}

// Killed while it works, at moments spread over the whole of it: the chroot is the old or the new, complete, and the
// next run ends in the new.
TEST_F(GenerationTest, KilledAtAnyMomentItIsTheOldOrTheNew) {
    ASSERT_TRUE(install_now());
    tree_.write("/usr/share/agent", "two\n");
    const Manifest manifest = wanted();
    bool saw_old = false;
    bool saw_new = false;
    for (int microseconds = 100; microseconds < 200000 && !saw_new; microseconds += microseconds / 4) {
        const pid_t pid = fork();
        if (pid == 0) {
            const itimerval death{{}, {microseconds / 1000000, microseconds % 1000000}};
            setitimer(ITIMER_REAL, &death, nullptr);  // SIGALRM, which nobody catches
            _exit(install_generation(manifest, tree_.root(), chroot_.path()) ? 0 : 1);
        }
        ASSERT_EQ(waitpid(pid, nullptr, 0), pid);
        const auto current = current_generation(chroot_.path());
        ASSERT_TRUE(current) << error_of(current);
        ASSERT_TRUE(*current);
        const bool is_new = (*current)->number == 2;
        (is_new ? saw_new : saw_old) = true;
        EXPECT_EQ(content("/usr/share/agent"), is_new ? "two\n" : "one\n");
        EXPECT_EQ(content("/usr/share/steady"), "always the same\n");
    }
    EXPECT_TRUE(saw_old && saw_new);
    EXPECT_EQ(install_generation(manifest, tree_.root(), chroot_.path()).value(), 2U);
    EXPECT_EQ(content("/usr/share/agent"), "two\n");
}

}  // namespace
}  // namespace pando::chroot
