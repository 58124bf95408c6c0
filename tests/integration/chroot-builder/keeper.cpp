// SPDX-License-Identifier: GPL-2.0-or-later
// What keeps the chroot in memory: the built pando-survival and pando-lock.so, in a chroot of this machine's own files.
#include "base/file.h"
#include "chroot-builder/generation.h"
#include "chroot-builder/held_files.h"
#include "chroot-builder/residence.h"
#include "chroot-builder/survival_namespace.h"
#include "tests/integration/chroot-builder/namespace.h"

#include <gmock/gmock.h>
#include <poll.h>

namespace pando::chroot {
namespace {

using std::chrono::seconds;
namespace fs = std::filesystem;

uint64_t locked_by(pid_t pid) { return memory_of(pid).value().locked; }

// The state is looked at until it is as wanted, or the time is over.
template <typename Wanted>
bool comes_true(const Wanted& wanted) {
    const Deadline deadline = Deadline::after(seconds(20));
    while (!wanted() && !deadline.passed()) poll(nullptr, 0, 20);
    return wanted();
}

const fs::path survival = fs::path(PANDO_BINARY_DIR) / "initrd/pando-survival";
const fs::path lock = fs::path(PANDO_BINARY_DIR) / "initrd/pando-lock.so";

class KeeperTest : public test::PrivateMounts {
protected:
    // A new generation with pando-survival, where it was built, and these programs. The bytes of its /usr.
    uint64_t fill(const std::vector<std::string>& programs) const {
        Request request;
        request.programs = programs;
        request.files = {survival};
        for (const char* point :
             {"/dev", "/etc/corosync", "/etc/dlm", "/etc/pando/fence", "/proc", "/sys", "/run", "/var/log"})
            request.made[point] = survival_request().made.at("/etc");
        const auto root = Sysroot::open("/").value();
        const auto manifest = resolve(root, request).value();
        EXPECT_TRUE(make_directories(target()));
        const auto installed = install_generation(manifest, root, target());
        EXPECT_TRUE(installed) << installed.error().what;
        uint64_t bytes = 0;
        for (const auto& [path, entry] : manifest.entries)
            if (entry.kind == Entry::Kind::file && path.native().starts_with("/usr/")) bytes += entry.size;
        return bytes;
    }
};

TEST_F(KeeperTest, EveryPageOfEveryFileIsLockedAsLongAsItLives) {
    ASSERT_TRUE(make_directories(work() / "files/deep"));
    ASSERT_TRUE(write_file_atomic(work() / "files/deep/one", std::string(10000, 'x')));
    ASSERT_TRUE(write_file_atomic(work() / "files/two", std::string(4096, 'x')));
    ASSERT_TRUE(write_file_atomic(work() / "files/empty", ""));
    const uint64_t before = locked_by(getpid());
    {
        const auto held = HeldFiles::hold({work() / "files"}).value();
        EXPECT_EQ(held.count(), 2U);
        EXPECT_EQ(held.bytes(), 4U * 4096);
        EXPECT_EQ(locked_by(getpid()), before + 4U * 4096);
    }
    EXPECT_EQ(locked_by(getpid()), before);
    EXPECT_FALSE(HeldFiles::hold({work() / "files", work() / "nowhere"}));
}

TEST_F(KeeperTest, HoldsTheGenerationThatIsInPlace) {
    const uint64_t first = fill({"busybox"});
    const auto space = SurvivalNamespace::create(target()).value();
    // Not by start(): not every machine that builds lets a process protect itself from the OOM killer.
    Command command{.argv = {survival.string(), "keep"}};
    command.prepare = [entered = space.descriptor()] { return setns(entered, CLONE_NEWNS) == 0 && chdir("/") == 0; };
    auto keeper = Child::spawn(command).value();
    EXPECT_TRUE(comes_true([&] { return locked_by(keeper.pid()) >= first; }));
    const uint64_t second = fill({"busybox", "corosync", "dlm_tool", "python3"});
    ASSERT_GT(second, first + (5U << 20U));
    EXPECT_TRUE(comes_true([&] { return locked_by(keeper.pid()) >= second; }));
    (void)keeper.stop(seconds(5));
}

TEST_F(KeeperTest, APreloadedLockHoldsADaemonAndNotWhatItStarts) {
    const std::map<std::string, std::string> preloaded = {{"LD_PRELOAD", lock.string()}};
    auto daemon = Child::spawn({.argv = {"tail", "-f", "/dev/null"}, .env = preloaded}).value();
    EXPECT_TRUE(comes_true([&] { return locked_by(daemon.pid()) > 0; }));
    (void)daemon.stop(seconds(5));
    const std::string forks =
        "import os, re\n"
        "if os.fork() == 0: print(re.search('VmLck:.*', open('/proc/self/status').read()).group()); os._exit(0)\n"
        "os.wait()";
    const auto forked = run({.argv = {"/usr/bin/python3", "-c", forks}, .env = preloaded});
    ASSERT_TRUE(forked && forked->ok());
    EXPECT_THAT(forked->out, testing::ContainsRegex("VmLck:[ \t]+[1-9][0-9]* kB"));
    const auto child = run({.argv = {"sh", "-c", "env; grep VmLck /proc/self/status"}, .env = preloaded});
    ASSERT_TRUE(child);
    EXPECT_THAT(child->out, testing::Not(testing::HasSubstr("LD_PRELOAD")));
    EXPECT_THAT(child->out, testing::ContainsRegex("VmLck:[ \t]+0 kB"));
}

}  // namespace
}  // namespace pando::chroot
