// SPDX-License-Identifier: GPL-2.0-or-later
#include "chroot-builder/install.h"

#include "tests/unit/chroot-builder/tree.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <array>

namespace pando::chroot {
namespace {

using test::error_of;
using test::Tree;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
namespace fs = std::filesystem;

// A program with a library, a script's file under another name, an empty directory and a made file.
class InstallTest : public testing::Test {
protected:
    void SetUp() override {
        source_.add_dynamic_linker();
        source_.library("/usr/lib/libone.so.1");
        source_.link("/lib", "usr/lib");
        source_.program("/usr/sbin/daemon", {.needs = {"/usr/lib/libone.so.1"}});
        source_.write("/etc/cache/copy", "copied", 0600);
        Request request;
        request.programs = {"daemon"};
        request.files = {"/etc/cache/copy"};
        Entry directory;
        directory.kind = Entry::Kind::directory;
        directory.mode = 01777;
        request.made["/tmp"] = directory;
        Entry made;
        made.mode = 0640;
        made.content = "made\n";
        request.made["/etc/made"] = made;
        manifest_ = resolve(source_.root(), request).value();
        // As resolve() does for compiled Python modules.
        Entry moved = manifest_.entries.extract("/etc/cache/copy").mapped();
        moved.source = "/etc/cache/copy";
        manifest_.entries["/etc/moved"] = moved;
    }
    Result<Copied> install_it() const { return install(manifest_, source_.root(), target_.path()); }
    Result<> verify_it(Check check) const { return verify(manifest_, target_.root(), check); }
    std::string content(const char* path) const { return read_file(target_.path(path)).value_or("(unreadable)"); }

    Tree source_;
    Tree target_;
    Manifest manifest_;
};

TEST_F(InstallTest, MakesEveryEntryWithItsMode) {
    const auto installed = install_it();
    ASSERT_TRUE(installed) << error_of(installed);
    EXPECT_EQ(content("/etc/made"), "made\n");
    EXPECT_EQ(content("/etc/moved"), "copied");
    EXPECT_EQ(content("/usr/sbin/daemon"), read_file(source_.path("/usr/sbin/daemon")).value());
    struct stat status {};
    ASSERT_EQ(stat(target_.path("/etc/moved").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0600U);
    ASSERT_EQ(stat(target_.path("/tmp").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 01777U);
    const auto verified = verify_it(Check::content);
    EXPECT_TRUE(verified) << error_of(verified);
}

TEST_F(InstallTest, ASecondRunLeavesWhatIsRightAndMendsTheRest) {
    ASSERT_TRUE(install_it());
    struct stat before {};
    ASSERT_EQ(stat(target_.path("/usr/sbin/daemon").c_str(), &before), 0);
    // Same size, other content; a mode; a link; a file that is gone; and what a run cut short left behind.
    ASSERT_TRUE(write_file_atomic(target_.path("/etc/made"), "edam\n", 0640));
    ASSERT_EQ(chmod(target_.path("/tmp").c_str(), 0700), 0);
    fs::remove(target_.path("/etc/moved"));
    ASSERT_TRUE(write_file_atomic(target_.path("/etc/.moved.pando-new"), "half"));
    EXPECT_THAT(error_of(verify_it(Check::names)),
                AllOf(HasSubstr("/etc/moved missing"), HasSubstr("/tmp has mode 0700")));
    EXPECT_THAT(error_of(verify_it(Check::names)), Not(HasSubstr("/etc/made")));

    const auto again = install_it();
    ASSERT_TRUE(again) << error_of(again);
    const auto verified = verify_it(Check::content);
    EXPECT_TRUE(verified) << error_of(verified);
    EXPECT_FALSE(fs::exists(target_.path("/etc/.moved.pando-new")));
    struct stat after {};
    ASSERT_EQ(stat(target_.path("/usr/sbin/daemon").c_str(), &after), 0);
    EXPECT_EQ(before.st_ino, after.st_ino);
}

TEST_F(InstallTest, ARunningFileIsReplacedNotOverwritten) {
    ASSERT_TRUE(install_it());
    ASSERT_TRUE(write_file_atomic(target_.path("/etc/made"), "older", 0640));
    const UniqueFd open_before(open(target_.path("/etc/made").c_str(), O_RDONLY | O_CLOEXEC));
    ASSERT_TRUE(install_it());
    std::array<char, 5> seen{};
    ASSERT_EQ(read(open_before.get(), seen.data(), seen.size()), 5);
    EXPECT_EQ(std::string(seen.data(), seen.size()), "older");
    EXPECT_EQ(content("/etc/made"), "made\n");
}

TEST_F(InstallTest, ASourceThatIsNotWhatTheManifestSaysIsRefused) {
    source_.write("/etc/cache/copy", "copied and more");
    const auto installed = install_it();
    EXPECT_THAT(error_of(installed), AllOf(HasSubstr("/etc/moved"), HasSubstr("15 bytes"), HasSubstr("says 6")));
    EXPECT_FALSE(fs::exists(target_.path("/etc/moved")));
    fs::remove(source_.path("/etc/cache/copy"));
    EXPECT_THAT(error_of(install_it()), HasSubstr("/etc/cache/copy"));
}

TEST_F(InstallTest, ALinkInTheTargetLeadsNothingOutOfIt) {
    Tree outside;
    fs::create_symlink(outside.path("/"), target_.path("/etc"));
    EXPECT_FALSE(install_it());
    EXPECT_TRUE(fs::is_empty(outside.path("/")));
}

TEST_F(InstallTest, VerifyNamesEachThingThatIsWrongAndForWhom) {
    ASSERT_TRUE(install_it());
    fs::remove(target_.path("/lib64/ld-linux-x86-64.so.2"));
    fs::remove(target_.path("/etc/made"));
    fs::create_directory(target_.path("/etc/made"));
    EXPECT_THAT(error_of(verify_it(Check::names)),
                AllOf(HasSubstr("/lib64/ld-linux-x86-64.so.2 missing (dynamic linker of /usr/sbin/daemon)"),
                      HasSubstr("/etc/made is of another kind")));
}

TEST_F(InstallTest, VerifyReadsEveryByteWhenAsked) {
    ASSERT_TRUE(install_it());
    std::string library = content("/usr/lib/libone.so.1");
    library.back() = static_cast<char>(library.back() + 1);
    target_.write("/usr/lib/libone.so.1", library, 0755);
    EXPECT_TRUE(verify_it(Check::names));
    EXPECT_THAT(error_of(verify_it(Check::content)), HasSubstr("/usr/lib/libone.so.1 has other content"));
}

TEST_F(InstallTest, VerifyFindsALibraryThatNoEntryBrings) {
    ASSERT_TRUE(manifest_.entries.erase("/usr/lib/libone.so.1"));
    ASSERT_TRUE(install_it());
    EXPECT_TRUE(verify_it(Check::names));
    EXPECT_THAT(error_of(verify_it(Check::content)), HasSubstr("library libone.so.1, needed by /usr/sbin/daemon"));
}

TEST(MountTmpfs, AManifestThatDoesNotFitIsRefusedWithBothNumbersAndAdvice) {
    Tree tree;
    Manifest manifest;
    Entry large;
    large.size = 40U << 20U;
    manifest.entries["/large"] = large;
    const auto mounted = mount_tmpfs(tree.path("/chroot"), 41U << 20U, manifest);
    ASSERT_FALSE(mounted);
    EXPECT_EQ(mounted.error().kind, ErrorKind::bad_input);
    EXPECT_THAT(mounted.error().what, AllOf(HasSubstr("40.0 MiB"), HasSubstr("41.0 MiB")));
    EXPECT_THAT(mounted.error().advice, HasSubstr("chroot.size to at least 54 MiB"));
    EXPECT_FALSE(fs::exists(tree.path("/chroot")));
}

}  // namespace
}  // namespace pando::chroot
