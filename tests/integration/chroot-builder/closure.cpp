// SPDX-License-Identifier: GPL-2.0-or-later
// The closure of this machine's own daemons and agents, and the proof by running them where nothing else is.
#include "tests/integration/chroot-builder/inside.h"

#include <gmock/gmock.h>
#include <sys/statvfs.h>

#include <algorithm>

namespace pando::chroot {
namespace {

using testing::AllOf;
using testing::AnyOf;
using testing::HasSubstr;
using testing::Not;
namespace fs = std::filesystem;

// Of which pycurl's libraries are 10.5 MB (docs/decisions/0003); docs/benchmarks.md has the figure that was wished for.
constexpr uint64_t resident_limit = 46U << 20U;

// What a node with IPMI and iSCSI carries, but for pando-survival, which is not installed on a machine that builds.
Request request_of_a_node() {
    config::Cluster cluster;
    cluster.storage.transport = "iscsi";
    cluster.nodes.resize(1);
    cluster.nodes.front().fence.push_back({.name = "bmc", .agent = "fence_ipmilan", .options = {}});
    Request request = request_for(cluster, {});
    std::erase(request.programs, "/usr/sbin/pando-survival");
    std::erase(request.files, memory_lock);
    return request;
}

using ClosureTest = test::Inside;

TEST_F(ClosureTest, EveryDaemonToolAndAgentRunsWhereNothingElseIs) {
    fill(request_of_a_node());

    const Finished corosync = inside({"/usr/sbin/corosync", "-v"});
    EXPECT_EQ(corosync.status, 0) << corosync.err;
    EXPECT_THAT(corosync.out, AllOf(HasSubstr("Corosync Cluster Engine"), HasSubstr("openssl")));
    for (const std::vector<std::string>& version :
         std::vector<std::vector<std::string>>{{"/usr/sbin/dlm_controld", "--version"},
                                               {"/usr/sbin/dlm_tool", "-V"},
                                               {"/usr/bin/ipmitool", "-V"},
                                               {"/usr/sbin/iscsid", "-v"}}) {
        const Finished done = inside(version);
        EXPECT_EQ(done.status, 0) << version.front() << ": " << done.err;
        EXPECT_THAT(done.out + done.err, testing::ContainsRegex("[0-9][.][0-9]")) << version.front();
    }
    // Without a daemon these cannot do more than say so, but all their libraries are there.
    for (const char* tool :
         {"/usr/sbin/corosync-quorumtool", "/usr/sbin/corosync-cfgtool", "/usr/sbin/corosync-cmapctl"})
        EXPECT_THAT(inside({tool, "-s"}).err, Not(HasSubstr("error while loading shared libraries"))) << tool;

    const Finished metadata = inside({"/usr/sbin/fence_ipmilan", "-o", "metadata"});
    EXPECT_EQ(metadata.status, 0) << metadata.err;
    EXPECT_THAT(metadata.out, HasSubstr("<resource-agent name=\"fence_ipmilan\""));
}

TEST_F(ClosureTest, TheAgentFailsAtTheDeviceAndAtNothingBefore) {
    fill(request_of_a_node());
    // As dlm_controld runs it: options on standard input. Nobody listens on the port.
    const Finished done = inside({"/usr/sbin/fence_ipmilan"},
                                 "action=status\nip=127.0.0.1\nipport=1\nusername=u\npassword=p\nlanplus=1\n"
                                 "login_timeout=2\nshell_timeout=2\npower_timeout=2\nipmitool_timeout=1\n");
    EXPECT_NE(done.status, 0);
    EXPECT_THAT(done.err, AnyOf(HasSubstr("Connection timed out"), HasSubstr("Unable to establish"),
                                HasSubstr("Unable to obtain correct plug status")));
    EXPECT_THAT(done.err,
                AllOf(Not(HasSubstr("Error:")), Not(HasSubstr("Traceback")), Not(HasSubstr("not accessible"))));
}

TEST_F(ClosureTest, TheRescueShellHasItsTools) {
    fill(request_of_a_node());
    const Finished done =
        inside({"/bin/sh", "-c", "ls / && cat /etc/nsswitch.conf && mount && ps && uname -r && df /"});
    EXPECT_EQ(done.status, 0) << done.err;
    EXPECT_THAT(done.out, HasSubstr("passwd: files"));
    EXPECT_EQ(fs::read_symlink(target() / "usr/bin/sh"), "busybox");
}

TEST_F(ClosureTest, FitsIntoItsMemoryAndIsToldBeforehand) {
    fill(request_of_a_node());
    struct statvfs filesystem {};
    ASSERT_EQ(statvfs(target().c_str(), &filesystem), 0);
    const uint64_t used = (filesystem.f_blocks - filesystem.f_bfree) * filesystem.f_frsize;
    EXPECT_LE(used, manifest_.resident_bytes());
    EXPECT_GE(used, manifest_.bytes() / 10 * 9);
    EXPECT_LE(used, resident_limit);
    RecordProperty("resident_bytes", std::to_string(used));
}

TEST_F(ClosureTest, WhatIsInstalledProvesItselfWithoutTheMachineItCameFrom) {
    fill(request_of_a_node());
    const auto verified = verify(manifest_, Sysroot::open(target()).value(), Check::content);
    EXPECT_TRUE(verified) << verified.error().what;
    // And doing it again leaves what is mounted in it alone.
    const auto again = install(manifest_, Sysroot::open("/").value(), target());
    EXPECT_TRUE(again) << again.error().what;
    // The proof is not empty: take one library away.
    const auto library = std::find_if(manifest_.entries.begin(), manifest_.entries.end(), [](const auto& row) {
        return row.first.filename().native().starts_with("libqb.so") && row.second.kind == Entry::Kind::symlink;
    });
    ASSERT_NE(library, manifest_.entries.end());
    Manifest less = manifest_;
    less.entries.erase(library->first);
    fs::remove(target() / library->first.relative_path());
    const auto refused = verify(less, Sysroot::open(target()).value(), Check::content);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().what, HasSubstr("libqb.so.100, needed by /usr/sbin/corosync"));
}

TEST_F(ClosureTest, AFullTmpfsIsRefusedAndSaysWhatToDo) {
    const auto root = Sysroot::open("/").value();
    const auto manifest = resolve(root, request_of_a_node()).value();
    const auto refused = mount_tmpfs(target(), 16U << 20U, manifest);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().advice, HasSubstr("chroot.size"));
    // When it fills up in the middle after all, that is an error with advice too.
    ASSERT_TRUE(make_directories(target()));
    ASSERT_EQ(mount("small", target().c_str(), "tmpfs", 0, "size=4m"), 0);
    const auto cut = install(manifest, root, target());
    ASSERT_FALSE(cut);
    EXPECT_THAT(cut.error().what, HasSubstr("No space left"));
    EXPECT_THAT(cut.error().advice, HasSubstr("chroot.size"));
    // A larger size on the same mount, and the next run finishes.
    const auto grown = mount_tmpfs(target(), test::tmpfs_size, manifest);
    ASSERT_TRUE(grown) << grown.error().what;
    const auto installed = install(manifest, root, target());
    ASSERT_TRUE(installed) << installed.error().what;
    EXPECT_TRUE(verify(manifest, Sysroot::open(target()).value(), Check::content));
}

}  // namespace
}  // namespace pando::chroot
