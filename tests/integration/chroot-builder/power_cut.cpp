// SPDX-License-Identifier: GPL-2.0-or-later
// An update of the chroot that is killed at each of its steps: this program runs itself under strace, which kills
// it as it enters the N-th system call that changes something, for every N there is.
#include "base/file.h"
#include "base/process.h"
#include "chroot-builder/generation.h"
#include "tests/integration/chroot-builder/namespace.h"

#include <gmock/gmock.h>

#include <cstdlib>

namespace pando::chroot {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> changing_calls = {
    "write",    "pwrite64", "copy_file_range", "sendfile",  "rename",    "renameat", "renameat2",
    "link",     "linkat",   "symlink",         "symlinkat", "mkdir",     "mkdirat",  "unlink",
    "unlinkat", "rmdir",    "fchmod",          "fchmodat",  "ftruncate", "fsync",    "fdatasync"};

Manifest everything_in(const fs::path& tree) {
    Request request;
    request.files = {"/usr", "/etc"};
    return resolve(Sysroot::open(tree).value(), request).value();
}

class PowerCut : public test::PrivateMounts {
protected:
    void write(const std::string& tree, const fs::path& file, const std::string& text) const {
        ASSERT_TRUE(make_directories((work() / tree / file).parent_path()));
        ASSERT_TRUE(write_file_atomic(work() / tree / file, text));
    }
    Manifest manifest(const std::string& tree) const { return everything_in(work() / tree); }
    // The update of target() to the new tree, killed in this system call, when it is the N-th of its kind.
    Finished update_killed_in(const std::string& call, int number) const {
        const auto done = run({.argv = {"strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=" + call, "-e",
                                        fmt::format("inject={}:signal=SIGKILL:when={}", call, number),
                                        fs::read_symlink("/proc/self/exe").string(), "--gtest_filter=*DISABLED_Update",
                                        "--gtest_also_run_disabled_tests", "--gtest_brief=1"},
                               .env = {{"PANDO_TREE", work() / "new"}, {"PANDO_CHROOT", target()}}});
        EXPECT_TRUE(done) << done.error().what;
        return done ? *done : Finished{.status = -1, .out = {}, .err = {}};
    }
    // Whether it was killed before its end; and that either way everything is right.
    bool survives(const std::string& call, int number) const {
        const std::string when = fmt::format("{} {}", call, number);
        fs::remove_all(target());
        EXPECT_TRUE(make_directories(target()));
        const Manifest old_one = manifest("old");
        const Manifest new_one = manifest("new");
        EXPECT_TRUE(install_generation(old_one, Sysroot::open(work() / "old").value(), target()));
        const Finished ended = update_killed_in(call, number);
        EXPECT_TRUE(ended.status == 0 || ended.status == 128 + SIGKILL) << when << ": " << ended.out << ended.err;

        const auto left = current_generation(target()).value().value();
        EXPECT_TRUE(compare(left.manifest, old_one).none() || compare(left.manifest, new_one).none()) << when;
        // What lies outside /usr is there once, and is replaced file by file: it may be the new one's already.
        if (const auto whole = verify_generation(left, target()); !whole) {
            EXPECT_THAT(whole.error().what, testing::HasSubstr("/etc/conf")) << when;
        }
        EXPECT_TRUE(install_generation(new_one, Sysroot::open(work() / "new").value(), target())) << when;
        EXPECT_TRUE(remove_unused_generations(target())) << when;
        const auto finished = current_generation(target()).value().value();
        const auto verified = verify_generation(finished, target());
        EXPECT_TRUE(verified) << when << ": " << verified.error().what;
        EXPECT_EQ(list_directory(target() / ".generations").value(),
                  std::vector<std::string>{std::to_string(finished.number)})
            << when;
        return ended.status != 0;
    }
};

// What is killed: not a test.
TEST(PowerCutOf, DISABLED_Update) {
    const char* const tree = std::getenv("PANDO_TREE");
    const char* const chroot = std::getenv("PANDO_CHROOT");
    ASSERT_TRUE(tree != nullptr && chroot != nullptr);
    const auto number = install_generation(everything_in(tree), Sysroot::open(tree).value(), chroot);
    ASSERT_TRUE(number) << number.error().what;
    ASSERT_TRUE(remove_unused_generations(chroot));
}

TEST_F(PowerCut, AtAnyStepOfAnUpdateLeavesTheOldGenerationOrTheNew) {
    for (const char* tree : {"old", "new"}) {
        write(tree, "usr/bin/same", "same");
        write(tree, "usr/bin/changed", tree);
        write(tree, "usr/lib/deep/also", std::string(9000, tree[0]));
        write(tree, "etc/conf", tree);
    }
    write("old", "usr/lib/removed", "x");
    write("new", "usr/lib/added", "x");
    int killed = 0;
    for (const std::string& call : changing_calls) {
        int number = 1;
        while (survives(call, number) && number < 1000) ++number;
        killed += number - 1;
    }
    EXPECT_GT(killed, 40);
}

}  // namespace
}  // namespace pando::chroot
