// SPDX-License-Identifier: GPL-2.0-or-later
// The cache of roots with makers of our own: a few files in place of Debian. Packing, locks and the disk are real.
#include "rootfs/cache.h"

#include "base/fd.h"
#include "base/file.h"
#include "base/process.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>
#include <algorithm>
#include <atomic>
#include <optional>
#include <thread>

using namespace pando;
using namespace pando::rootfs;
using ::testing::IsEmpty;
namespace fs = std::filesystem;

namespace {

class CacheTest : public ::testing::Test {
protected:
    void SetUp() override {
        auto made = TemporaryDirectory::create("/var/tmp", "pando-cache");
        ASSERT_TRUE(made);
        place.emplace(std::move(*made));
    }
    fs::path cache() const { return place->path() / "cache/root"; }

    Makers makers() {
        Makers makers;
        makers.base = [this](const fs::path& work, const fs::path& archive) -> Result<> {
            ++bases;
            TRY(make_directories(work / "packages/usr"));
            TRY(write_file_atomic(work / "packages/usr/program", "stock", 0755));
            const std::string tar = (work / "tar").string();
            (void)TRY(run_ok({.argv = {"tar", "-c", "-C", (work / "packages").string(), "-f", tar, "."}}));
            (void)TRY(run_ok({.argv = {"zstd", "-q", tar, "-o", archive.string()}}));
            return {};
        };
        makers.root = [this](const fs::path& tree) -> Result<> {
            ++roots;
            if (TRY(read_file(tree / "usr/program")) != "stock") return fail("the packages are not those made");
            if (fail_root) return fail("no root today");
            for (int i = 0; i < files; ++i) {
                // As cp writes: nobody flushes.
                UniqueFd fd(open((tree / name(i)).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
                TRY(write_all(fd.get(), content(i)));
            }
            return {};
        };
        return makers;
    }
    Result<CachedRoot> build(const std::string& root_key = "2222222222222222") {
        return cached({.base = "1111111111111111", .root = root_key}, cache(), makers());
    }
    static std::string name(int i) { return fmt::format("usr/file{}", i); }
    static std::string content(int i) { return fmt::format("{:05}", i) + std::string(20000, 'x'); }

    // What is in the tree or its archive and not as it was made.
    std::vector<std::string> damage(const CachedRoot& root) const {
        std::vector<std::string> found;
        if (!run_ok({.argv = {"zstd", "-tq", root.archive.string()}})) found.push_back("archive");
        for (int i = 0; i < files; ++i)
            if (read_file(root.tree / name(i)).value_or("") != content(i)) found.push_back(name(i));
        return found;
    }

    static constexpr int files = 100;
    std::optional<TemporaryDirectory> place;
    std::atomic<int> bases = 0, roots = 0;
    std::atomic<bool> fail_root = false;
};

TEST_F(CacheTest, SameContentIsMadeOnce) {
    const auto first = build();
    ASSERT_TRUE(first) << first.error().what;
    EXPECT_FALSE(first->reused);
    EXPECT_THAT(damage(*first), IsEmpty());
    const auto second = build();
    ASSERT_TRUE(second) << second.error().what;
    EXPECT_TRUE(second->reused);
    EXPECT_EQ(second->tree, first->tree);
    EXPECT_EQ(second->archive, first->archive);
    EXPECT_EQ(bases, 1);
    EXPECT_EQ(roots, 1);
}

TEST_F(CacheTest, OtherFilesOnTheSamePackagesUseThemAgain) {
    ASSERT_TRUE(build());
    const auto other = build("3333333333333333");
    ASSERT_TRUE(other) << other.error().what;
    EXPECT_FALSE(other->reused);
    EXPECT_EQ(bases, 1);
    EXPECT_EQ(roots, 2);
}

TEST_F(CacheTest, TwoAtOnceMakeItOnce) {
    std::optional<Result<CachedRoot>> one, two;
    std::thread beside([&] { one.emplace(build()); });
    two.emplace(build());
    beside.join();
    ASSERT_TRUE(*one) << one->error().what;
    ASSERT_TRUE(*two) << two->error().what;
    EXPECT_NE((*one)->reused, (*two)->reused);
    EXPECT_EQ(bases, 1);
    EXPECT_EQ(roots, 1);
}

TEST_F(CacheTest, FailureLeavesNothingThatCountsAndKeepsThePackages) {
    fail_root = true;
    EXPECT_FALSE(build());
    fail_root = false;
    const auto root = build();
    ASSERT_TRUE(root) << root.error().what;
    EXPECT_FALSE(root->reused);
    EXPECT_EQ(bases, 1);
    const auto names = list_directory(cache());
    ASSERT_TRUE(names);
    for (const auto& name : *names) EXPECT_FALSE(name.starts_with(".work")) << name;
}

TEST_F(CacheTest, WhatAKilledRunLeftIsRemovedAndHalfAResultMadeAnew) {
    const auto first = build();
    ASSERT_TRUE(first);
    fs::remove(first->archive);
    ASSERT_TRUE(write_file_atomic(first->tree / "usr/file0", "of the killed run"));
    ASSERT_TRUE(make_directories(cache() / "root-of-another-killed-run/usr"));
    ASSERT_TRUE(make_directories(cache() / ".work.abcdef/tree"));
    const auto second = build();
    ASSERT_TRUE(second) << second.error().what;
    EXPECT_FALSE(second->reused);
    EXPECT_THAT(damage(*second), IsEmpty());
    EXPECT_FALSE(fs::exists(cache() / ".work.abcdef"));
    EXPECT_FALSE(fs::exists(cache() / "root-of-another-killed-run"));
}

TEST_F(CacheTest, ThoseUsedLastAreKept) {
    std::vector<CachedRoot> all;
    for (int i = 0; i < 4; ++i) {
        const auto root = build(fmt::format("{:016}", i));
        ASSERT_TRUE(root);
        const timespec used[] = {{1700000000 + i, 0}, {1700000000 + i, 0}};
        ASSERT_EQ(utimensat(AT_FDCWD, root->archive.c_str(), used, 0), 0);
        all.push_back(*root);
    }
    ASSERT_TRUE(build(fmt::format("{:016}", 3))->reused);
    EXPECT_FALSE(fs::exists(all[0].tree) || fs::exists(all[0].archive));
    for (int i = 1; i < 4; ++i) EXPECT_TRUE(fs::exists(all[static_cast<size_t>(i)].tree)) << i;
}

// ext4's own way to lose power: nothing that is not on the disk yet gets there any more.
void cut_power(const fs::path& on) {
    const UniqueFd fd(open(on.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    uint32_t without_flushing = 2;
    ASSERT_EQ(ioctl(fd.get(), _IOR('X', 125, uint32_t), &without_flushing), 0) << strerror(errno);
}

TEST_F(CacheTest, WhatIsFoundAfterAPowerCutIsWhole) {
    if (geteuid() != 0) GTEST_SKIP() << "needs root";
    ASSERT_EQ(unshare(CLONE_NEWNS), 0) << strerror(errno);
    ASSERT_EQ(mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0) << strerror(errno);
    const std::string image = (place->path() / "disk").string();
    const std::string disk = (place->path() / "cache").string();
    ASSERT_TRUE(write_file_atomic(image, ""));
    ASSERT_EQ(truncate(image.c_str(), 64 << 20), 0);
    ASSERT_TRUE(run_ok({.argv = {"mkfs.ext4", "-q", "-F", image}}));
    ASSERT_TRUE(make_directories(disk));
    const Command mount_it{.argv = {"mount", "-o", "loop", image, disk}};
    ASSERT_TRUE(run_ok(mount_it));
    const auto made = build();
    ASSERT_TRUE(made) << made.error().what;
    cut_power(disk);
    ASSERT_EQ(umount2(disk.c_str(), 0), 0) << strerror(errno);
    const auto again = run_ok(mount_it);
    ASSERT_TRUE(again) << again.error().what;
    const auto found = build();
    ASSERT_TRUE(found) << found.error().what;
    EXPECT_TRUE(found->reused) << "build() returned, so it was to stay";
    EXPECT_THAT(damage(*found), IsEmpty());
    ASSERT_EQ(umount2(disk.c_str(), 0), 0) << strerror(errno);
}

}  // namespace
