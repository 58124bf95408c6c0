// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/sysroot.h"

#include "base/file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace pando;
using testing::ElementsAre;
namespace fs = std::filesystem;

namespace {

// outside/secret beside root/: what no path below root/ may reach.
class SysrootTest : public testing::Test {
protected:
    void SetUp() override {
        auto made = TemporaryDirectory::create("/tmp", "pando-test");
        ASSERT_TRUE(made) << made.error().what;
        directory_ = std::make_unique<TemporaryDirectory>(std::move(*made));
        ASSERT_TRUE(make_directories(top() / "outside"));
        ASSERT_TRUE(write_file_atomic(top() / "outside/secret", "secret"));
        ASSERT_TRUE(make_directories(top() / "root/etc"));
        ASSERT_TRUE(write_file_atomic(top() / "root/etc/hostname", "n1\n"));
        auto opened = Sysroot::open(top() / "root");
        ASSERT_TRUE(opened) << opened.error().what;
        root_ = std::make_unique<Sysroot>(std::move(*opened));
    }
    const fs::path& top() const { return directory_->path(); }
    const Sysroot& root() const { return *root_; }
    void link(const std::string& to, const std::string& name) { fs::create_symlink(to, top() / "root" / name); }

private:
    std::unique_ptr<TemporaryDirectory> directory_;
    std::unique_ptr<Sysroot> root_;
};

TEST_F(SysrootTest, TakesPathsWithAndWithoutASlashInFront) {
    EXPECT_EQ(root().read_line("etc/hostname").value_or(""), "n1");
    EXPECT_EQ(root().read_line("/etc/hostname").value_or(""), "n1");
    EXPECT_TRUE(root().exists("/"));
    EXPECT_TRUE(root().exists(""));
    EXPECT_FALSE(root().exists("etc/none"));
}

TEST_F(SysrootTest, FollowsAnAbsoluteLinkInsideTheRoot) {
    link("/etc/hostname", "name");
    EXPECT_EQ(root().read_line("name").value_or(""), "n1");
}

TEST_F(SysrootTest, LetsNoLinkLeadOut) {
    link("../outside", "relative");
    link((top() / "outside").string(), "absolute");
    link("../../../../../../../../etc/passwd", "far");
    for (const char* path :
         {"relative/secret", "absolute/secret", "../outside/secret", "etc/../../outside/secret", "/../outside/secret"})
        EXPECT_FALSE(root().read(path)) << path;
    EXPECT_FALSE(root().read("far"));  // …/etc/passwd of the root, which has none
}

TEST_F(SysrootTest, LooksAtNothingAboveItself) {
    auto above = root().lstat("..");
    auto self = root().lstat("/");
    ASSERT_TRUE(above && self);
    EXPECT_EQ(above->st_ino, self->st_ino);
    EXPECT_FALSE(root().lstat("../outside"));
    EXPECT_FALSE(root().read_link("../outside"));
}

TEST_F(SysrootTest, FollowsNoMagicLink) {
    auto proc = Sysroot::open("/proc/self");
    ASSERT_TRUE(proc);
    EXPECT_FALSE(proc->stat("root/etc"));
    EXPECT_TRUE(proc->read_link("exe"));  // reading one is no way out
}

TEST_F(SysrootTest, GivesTheTextOfALinkAndTheStateOfTheLinkItself) {
    link("/no/where", "dangling");
    EXPECT_EQ(root().read_link("dangling").value_or(""), "/no/where");
    auto st = root().lstat("dangling");
    ASSERT_TRUE(st);
    EXPECT_TRUE(S_ISLNK(st->st_mode));
    EXPECT_FALSE(root().stat("dangling"));
    auto not_link = root().read_link("etc/hostname");
    ASSERT_FALSE(not_link);
    EXPECT_EQ(not_link.error().sys, EINVAL);
}

TEST_F(SysrootTest, ListsInOrder) {
    ASSERT_TRUE(write_file_atomic(top() / "root/etc/a", ""));
    EXPECT_THAT(root().list("etc").value_or(std::vector<std::string>()), ElementsAre("a", "hostname"));
    EXPECT_FALSE(root().list("etc/hostname"));
}

TEST_F(SysrootTest, CreatesBelowItself) {
    {
        auto fd = root().open_at("etc/new", O_WRONLY | O_CREAT | O_EXCL, 0600);
        ASSERT_TRUE(fd) << fd.error().what;
        ASSERT_TRUE(write_all(fd->get(), "x"));
        EXPECT_NE(fcntl(fd->get(), F_GETFD) & FD_CLOEXEC, 0);
    }
    EXPECT_EQ(root().read("etc/new").value_or(""), "x");
}

TEST_F(SysrootTest, BoundsWhatItReads) {
    EXPECT_TRUE(root().read("etc/hostname", 3));
    EXPECT_FALSE(root().read("etc/hostname", 2));
}

TEST_F(SysrootTest, DoesNotWaitOnAFifo) {
    ASSERT_EQ(mkfifo((top() / "root/fifo").c_str(), 0600), 0);
    EXPECT_EQ(root().read("fifo").value_or("?"), "");
}

TEST_F(SysrootTest, RefusesARootThatIsNoDirectory) {
    EXPECT_FALSE(Sysroot::open(top() / "outside/secret"));
    EXPECT_FALSE(Sysroot::open(top() / "none"));
}

}  // namespace
