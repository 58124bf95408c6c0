// SPDX-License-Identifier: GPL-2.0-or-later
// A copy is the same in everything a program can see.
#include "cdsl/copy.h"

#include "tests/integration/cdsl/world.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace pando::cdsl {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

class Copy : public World, public testing::WithParamInterface<Filesystem> {
protected:
    void SetUp() override {
        start(GetParam());
        fs::create_directory(root() / "from");
        fd_.reset(open(root().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        ASSERT_TRUE(fd_.valid());
    }
    void TearDown() override {
        fd_.reset();
        stop();
    }
    Result<> copy(const std::function<bool(const fs::path&)>& hollow = {}) const {
        return copy_tree({fd_.get(), "from"}, {fd_.get(), "to"}, hollow);
    }
    struct stat of(const std::string& path) const {
        struct stat st {};
        EXPECT_EQ(lstat((root() / path).c_str(), &st), 0) << path << ": " << strerror(errno);
        return st;
    }
    std::string path(const std::string& name) const { return (root() / name).string(); }

    UniqueFd fd_;
};

INSTANTIATE_TEST_SUITE_P(On, Copy, testing::Values(Filesystem::tmpfs, Filesystem::ext4),
                         [](const auto& row) { return row.param == Filesystem::tmpfs ? "tmpfs" : "ext4"; });

TEST_P(Copy, KeepsOwnerPermissionsAndTimes) {
    put("/from/file", "x");
    ASSERT_EQ(chown(path("from/file").c_str(), 1234, 4321), 0);
    ASSERT_EQ(chmod(path("from/file").c_str(), 06751), 0);
    const timespec times[] = {{1000, 1}, {2000, 2}};
    ASSERT_EQ(utimensat(AT_FDCWD, path("from/file").c_str(), times, 0), 0);
    ASSERT_EQ(chmod(path("from").c_str(), 03770), 0);
    ASSERT_EQ(utimensat(AT_FDCWD, path("from").c_str(), times, 0), 0);
    ASSERT_TRUE(copy());
    EXPECT_EQ(of("to/file").st_uid, 1234U);
    EXPECT_EQ(of("to/file").st_gid, 4321U);
    EXPECT_EQ(of("to/file").st_mode & 07777U, 06751U);
    EXPECT_EQ(of("to/file").st_mtim.tv_sec, 2000);
    EXPECT_EQ(of("to/file").st_mtim.tv_nsec, 2);
    EXPECT_EQ(of("to").st_mode & 07777U, 03770U);
    EXPECT_EQ(of("to").st_mtim.tv_sec, 2000);
}

TEST_P(Copy, KeepsExtendedAttributesAndAcls) {
    put("/from/file", "x");
    ASSERT_EQ(setxattr(path("from/file").c_str(), "trusted.mine", "value", 5, 0), 0) << strerror(errno);
    ASSERT_EQ(setxattr(path("from/file").c_str(), "security.capability",
                       "\x01\x00\x00\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 20, 0),
              0)
        << strerror(errno);
    // A POSIX ACL as the kernel stores it: version 2, then tag, permissions, id of each entry.
    const unsigned char acl[] = {2, 0,  0,   0,   1,   0,   6,  0, 255, 255, 255, 255, 2,   0,  4,
                                 0, 57, 48,  0,   0,   4,   0,  4, 0,   255, 255, 255, 255, 16, 0,
                                 4, 0,  255, 255, 255, 255, 32, 0, 0,   0,   255, 255, 255, 255};
    const bool has_acl = setxattr(path("from/file").c_str(), "system.posix_acl_access", acl, sizeof acl, 0) == 0;
    ASSERT_TRUE(has_acl) << strerror(errno);
    ASSERT_TRUE(copy());
    for (const char* name : {"trusted.mine", "security.capability", "system.posix_acl_access"}) {
        char before[128];
        char after[128];
        const ssize_t size = getxattr(path("from/file").c_str(), name, before, sizeof before);
        ASSERT_GT(size, 0) << name;
        ASSERT_EQ(getxattr(path("to/file").c_str(), name, after, sizeof after), size) << name;
        EXPECT_EQ(memcmp(before, after, static_cast<size_t>(size)), 0) << name;
    }
}

TEST_P(Copy, KeepsHardLinksWithinTheTree) {
    put("/from/a/one", "x");
    fs::create_directory(root() / "from/b");
    fs::create_hard_link(root() / "from/a/one", root() / "from/b/two");
    ASSERT_TRUE(copy());
    EXPECT_EQ(of("to/a/one").st_ino, of("to/b/two").st_ino);
    EXPECT_EQ(of("to/a/one").st_nlink, 2U);
    EXPECT_NE(of("to/a/one").st_ino, of("from/a/one").st_ino);
}

TEST_P(Copy, KeepsHoles) {
    const UniqueFd file(open(path("from/sparse").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
    ASSERT_EQ(pwrite(file.get(), "begin", 5, 0), 5);
    ASSERT_EQ(pwrite(file.get(), "middle", 6, 20 << 20), 6);
    ASSERT_EQ(ftruncate(file.get(), 1LL << 32), 0);  // larger than the filesystem
    ASSERT_TRUE(copy());
    const struct stat st = of("to/sparse");
    EXPECT_EQ(st.st_size, 1LL << 32);
    EXPECT_LT(st.st_blocks * 512, 1 << 20);
    const UniqueFd copied(open(path("to/sparse").c_str(), O_RDONLY | O_CLOEXEC));
    char text[6];
    ASSERT_EQ(pread(copied.get(), text, 6, 20 << 20), 6);
    EXPECT_EQ(std::string(text, 6), "middle");
}

TEST_P(Copy, KeepsLinksAndSpecialFilesAndLeavesSocketsOut) {
    fs::create_symlink("/nowhere/at all", root() / "from/link");
    ASSERT_EQ(lchown(path("from/link").c_str(), 5, 6), 0);
    ASSERT_EQ(mkfifo(path("from/fifo").c_str(), 0600), 0);
    ASSERT_EQ(chmod(path("from/fifo").c_str(), 0662), 0);  // more than a umask would leave
    ASSERT_EQ(mknod(path("from/null").c_str(), S_IFCHR | 0666, makedev(1, 3)), 0);
    const UniqueFd socket_fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    strncpy(address.sun_path, path("from/socket").c_str(), sizeof address.sun_path - 1);
    ASSERT_EQ(bind(socket_fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ASSERT_TRUE(copy());
    EXPECT_THAT(list_directory(root() / "to").value(), ElementsAre("fifo", "link", "null"));
    EXPECT_EQ(fs::read_symlink(root() / "to/link"), "/nowhere/at all");
    EXPECT_EQ(of("to/link").st_uid, 5U);
    EXPECT_TRUE(S_ISFIFO(of("to/fifo").st_mode));
    EXPECT_EQ(of("to/fifo").st_mode & 07777U, 0662U);
    EXPECT_EQ(of("to/null").st_rdev, makedev(1, 3));
}

TEST_P(Copy, LeavesOtherFilesystemsOutAndKeepsTheirMountPoint) {
    fs::create_directory(root() / "from/mounted");
    ASSERT_EQ(mount("tmpfs", path("from/mounted").c_str(), "tmpfs", 0, nullptr), 0);
    put("/from/mounted/file", "x");
    ASSERT_TRUE(copy());
    EXPECT_TRUE(fs::is_directory(root() / "to/mounted"));
    EXPECT_TRUE(fs::is_empty(root() / "to/mounted"));
    EXPECT_EQ(umount(path("from/mounted").c_str()), 0);
}

TEST_P(Copy, MakesHollowDirectoriesWithoutTheirContent) {
    put("/from/a/b/file", "x");
    put("/from/a/c/file", "x");
    ASSERT_TRUE(copy([](const fs::path& path) { return path == "a/b"; }));
    EXPECT_TRUE(fs::is_empty(root() / "to/a/b"));
    EXPECT_EQ(get("/to/a/c/file"), "x");
}

TEST_P(Copy, OfATreeTooDeepIsAnErrorAndNotACrash) {
    UniqueFd at(open(path("from").c_str(), O_PATH | O_CLOEXEC));
    for (int i = 0; i < 400; ++i) {
        ASSERT_EQ(mkdirat(at.get(), "d", 0755), 0);
        at = UniqueFd(openat(at.get(), "d", O_PATH | O_CLOEXEC));
    }
    const auto copied = copy();
    ASSERT_FALSE(copied);
    EXPECT_THAT(copied.error().what, HasSubstr("directories deep"));
}

TEST_P(Copy, RemovesATreeWithoutFollowingItsLinks) {
    put("/from/a/b/file", "x");
    put("/keep/file", "x");
    fs::create_directory_symlink("../keep", root() / "from/out");
    ASSERT_TRUE(remove_tree({fd_.get(), "from"}));
    EXPECT_FALSE(fs::exists(root() / "from"));
    EXPECT_EQ(get("/keep/file"), "x");
    EXPECT_TRUE(remove_tree({fd_.get(), "from"})) << "nothing there is no error";
}

TEST_P(Copy, RemovesToABoundedDepth) {
    const auto chain = [&](int depth) {
        UniqueFd at(open(path("").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
        for (int level = 0; level < depth; ++level) {
            ASSERT_EQ(mkdirat(at.get(), "from", 0700) == 0 || errno == EEXIST, true);
            at.reset(openat(at.get(), "from", O_PATH | O_DIRECTORY | O_CLOEXEC));
        }
    };
    chain(300);
    EXPECT_TRUE(remove_tree({fd_.get(), "from"})) << "any copy, with the path above it";
    chain(600);
    const auto deep = remove_tree({fd_.get(), "from"});
    ASSERT_FALSE(deep);
    EXPECT_THAT(deep.error().what, testing::HasSubstr("directories deep"));
}

TEST_P(Copy, DoesNotRemoveWhatIsMountedInTheTree) {
    fs::create_directory(root() / "from/mounted");
    ASSERT_EQ(mount("tmpfs", path("from/mounted").c_str(), "tmpfs", 0, nullptr), 0);
    put("/from/mounted/file", "x");
    EXPECT_FALSE(remove_tree({fd_.get(), "from"}));
    EXPECT_EQ(get("/from/mounted/file"), "x");
    EXPECT_EQ(umount(path("from/mounted").c_str()), 0);
}

}  // namespace
}  // namespace pando::cdsl
