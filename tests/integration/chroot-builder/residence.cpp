// SPDX-License-Identifier: GPL-2.0-or-later
// Real processes with each kind of foothold on a filesystem of their own.
#include "chroot-builder/residence.h"

#include "base/process.h"
#include "chroot-builder/install.h"
#include "chroot-builder/manifest.h"
#include "tests/integration/chroot-builder/namespace.h"

#include <fcntl.h>
#include <gmock/gmock.h>

#include <sys/stat.h>

namespace pando::chroot {
namespace {

using testing::Contains;
using testing::IsEmpty;
namespace fs = std::filesystem;

constexpr const char* busybox = "/bin/busybox";
const std::vector<std::string> sleeper = {busybox, "sleep", "600"};

class ResidenceTest : public test::PrivateMounts {
protected:
    void SetUp() override {
        PrivateMounts::SetUp();
        fs::create_directory(target());
        ASSERT_EQ(mount("held", target().c_str(), "tmpfs", 0, nullptr), 0);
        device_ = device_of_mount(target()).value();
    }
    void TearDown() override {
        for (Child& child : children_) (void)child.stop(std::chrono::milliseconds(0));
        PrivateMounts::TearDown();
    }
    pid_t start(const Command& command) {
        auto child = Child::spawn(command);  // the program runs when this returns
        EXPECT_TRUE(child) << child.error().what;
        children_.push_back(std::move(*child));
        return children_.back().pid();
    }
    std::vector<std::string> hows(pid_t pid) const {
        const auto found = footholds({pid}, device_);
        EXPECT_TRUE(found) << found.error().what;
        std::vector<std::string> result;
        for (const Foothold& foothold : *found) result.push_back(foothold.how);
        return result;
    }

    dev_t device_ = 0;

private:
    std::vector<Child> children_;
};

TEST_F(ResidenceTest, AProcessElsewhereHoldsNothing) {
    EXPECT_THAT(hows(start({.argv = sleeper, .directory = "/"})), IsEmpty());
}

TEST_F(ResidenceTest, AnOpenFileIsAFootholdAlsoWhenItIsDeleted) {
    const std::string file = target() / "open";
    ASSERT_TRUE(write_file_atomic(file, "x"));
    const auto open_it = [&] {
        const int fd = open(file.c_str(), O_RDONLY);  // kept over exec on purpose
        return fd >= 0 && dup2(fd, 77) == 77;
    };
    const pid_t pid = start({.argv = sleeper, .directory = "/", .prepare = open_it});
    EXPECT_THAT(hows(pid), Contains("open file 77"));
    fs::remove(file);
    EXPECT_THAT(hows(pid), Contains("open file 77"));
}

TEST_F(ResidenceTest, AWorkingDirectoryIsAFoothold) {
    EXPECT_THAT(hows(start({.argv = sleeper, .directory = target()})), testing::ElementsAre("working directory"));
}

TEST_F(ResidenceTest, AnExecutableIsAFootholdAndSoIsItsMapping) {
    fs::copy_file(busybox, target() / "busybox");
    EXPECT_THAT(hows(start({.argv = {target() / "busybox", "sleep", "600"}, .directory = "/"})),
                testing::AllOf(Contains("executable"), Contains("mapping")));
}

TEST_F(ResidenceTest, AFileOnALazilyUnmountedFilesystemIsAFootholdStill) {
    const pid_t pid = start({.argv = sleeper, .directory = target()});
    ASSERT_EQ(umount2(target().c_str(), MNT_DETACH), 0);
    EXPECT_THAT(hows(pid), Contains("working directory"));
}

TEST_F(ResidenceTest, AMountInANamespaceOfItsOwnIsAFoothold) {
    const pid_t pid = start({.argv = sleeper, .directory = "/", .prepare = [] { return unshare(CLONE_NEWNS) == 0; }});
    EXPECT_THAT(hows(pid), testing::ElementsAre("mount"));
    // And one that left the filesystem behind in its namespace is free of it.
    const std::string point = target();
    const pid_t apart = start({.argv = sleeper, .directory = "/", .prepare = [point] {
                                   return unshare(CLONE_NEWNS) == 0 && umount2(point.c_str(), MNT_DETACH) == 0;
                               }});
    EXPECT_THAT(hows(apart), IsEmpty());
}

TEST_F(ResidenceTest, AFileInANamespaceOfItsOwnIsSeenThere) {
    // Mounted in the child's namespace alone, so that no mount of ours tells its device.
    const std::string point = work() / "inner";
    fs::create_directory(point);
    const auto enter = [point] {
        return unshare(CLONE_NEWNS) == 0 && mount("inner", point.c_str(), "tmpfs", 0, nullptr) == 0 &&
               chdir(point.c_str()) == 0;
    };
    const pid_t pid = start({.argv = sleeper, .prepare = enter});
    struct stat status {};
    ASSERT_EQ(stat(fmt::format("/proc/{}/cwd", pid).c_str(), &status), 0);
    const auto found = footholds({pid}, status.st_dev);
    ASSERT_TRUE(found) << found.error().what;
    std::vector<std::string> kinds;
    for (const Foothold& foothold : *found) kinds.push_back(foothold.how);
    EXPECT_THAT(kinds, testing::UnorderedElementsAre("mount", "working directory"));
}

TEST_F(ResidenceTest, SurvivalProcessesAreThoseWithTheMarkOrInTheChroot) {
    const pid_t marked = start({.argv = {"/bin/sleep", "600"}, .argv0 = "@sleeper", .directory = "/"});
    const pid_t other = start({.argv = sleeper, .directory = "/"});
    // At the same path inside and outside, since the program is looked up before the root changes.
    const auto host = Sysroot::open("/").value();
    Request request;
    request.programs = {busybox};
    ASSERT_TRUE(install(resolve(host, request).value(), host, target()));
    const std::string root = target();
    const pid_t inside =
        start({.argv = sleeper, .prepare = [root] { return ::chroot(root.c_str()) == 0 && chdir("/") == 0; }});
    const auto found = survival_processes(target());
    ASSERT_TRUE(found) << found.error().what;
    EXPECT_THAT(*found, testing::AllOf(Contains(marked), Contains(inside), testing::Not(Contains(other))));
    EXPECT_THAT(hows(inside), testing::AllOf(Contains("root directory"), Contains("executable")));

    const auto memory = memory_of(marked);
    ASSERT_TRUE(memory);
    EXPECT_EQ(memory->process, "@sleeper");
    EXPECT_GT(memory->resident, 0U);
}

TEST_F(ResidenceTest, TheBytesOfATmpfsAreCounted) {
    const uint64_t before = used_bytes(target()).value();
    ASSERT_TRUE(write_file_atomic(target() / "file", std::string(1U << 20U, 'x')));
    EXPECT_EQ(used_bytes(target()).value() - before, 1U << 20U);
}

}  // namespace
}  // namespace pando::chroot
