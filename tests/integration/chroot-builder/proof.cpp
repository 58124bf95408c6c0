// SPDX-License-Identifier: GPL-2.0-or-later
// The proof by running: real programs in a real namespace, under strace.
#include "chroot-builder/proof.h"
#include "base/procfs.h"
#include "chroot-builder/install.h"
#include "tests/integration/chroot-builder/namespace.h"

#include <gmock/gmock.h>

#include <algorithm>

namespace pando::chroot {
namespace {

using testing::Contains;
using testing::HasSubstr;
namespace fs = std::filesystem;

class ProofTest : public test::PrivateMounts {
protected:
    void fill(const config::Cluster& cluster, const std::vector<fs::path>& without = {}) {
        Request request = request_for(cluster, {});
        std::erase(request.programs, "/usr/sbin/pando-survival");
        std::erase(request.files, memory_lock);
        manifest_ = resolve(root_, request).value();
        for (const fs::path& path : without) ASSERT_EQ(manifest_.entries.erase(path), 1U) << path;
        ASSERT_TRUE(make_directories(target()));
        const auto installed = install(manifest_, root_, target());
        ASSERT_TRUE(installed) << installed.error().what;
        // Written at boot.
        ASSERT_TRUE(write_file_atomic(target() / "etc/hosts", "192.0.2.1 n1\n"));
    }
    Proof proof(const std::vector<Trial>& trials) const {
        const auto space = SurvivalNamespace::create(target()).value();
        auto proven = prove(space, Sysroot::open(target()).value(), root_, trials);
        EXPECT_TRUE(proven) << proven.error().what;
        return proven ? *proven : Proof();
    }
    // A program of the test's own in the chroot, beside what a node has there.
    void write_script(const std::string& name, const std::string& text) const {
        ASSERT_TRUE(write_file_atomic(target() / "usr/bin" / name, text, 0755));
    }
    static Trial script(const std::string& name) {
        return {.name = name, .argv = {"/usr/bin/" + name}, .input = {}, .good = {0, 1}};
    }
    static config::Cluster cluster() {
        config::Cluster made;
        made.storage.transport = "local";
        made.nodes.resize(1);
        made.nodes.front().name = "n1";
        made.nodes.front().fence.push_back({.name = "bmc", .agent = "fence_ipmilan", .options = {}});
        return made;
    }
    static std::string all(const Proof& proof) {
        std::string text;
        for (const Outcome& outcome : proof.outcomes)
            text += outcome.name + (outcome.passed ? " ok: " : " FAILED: ") + outcome.says + "\n";
        for (const Finding& finding : proof.findings) text += finding.what + " by " + finding.program + "\n";
        return text;
    }

    const Sysroot root_ = Sysroot::open("/").value();
    Manifest manifest_;
};

TEST_F(ProofTest, TheChrootOfANodeNeedsNothingElse) {
    fill(cluster());
    const Proof proven = proof(trials_for(manifest_, cluster(), Devices::leave_alone, false).all);
    EXPECT_GE(proven.outcomes.size(), 8U);
    EXPECT_TRUE(proven.holds()) << all(proven);
}

TEST_F(ProofTest, NothingOfTheMachineIsInReach) {
    fill(cluster());
    write_script("look", "#!/bin/sh\n/bin/cat /proc/self/mountinfo; /bin/ls /\n");
    const auto space = SurvivalNamespace::create(target()).value();
    const auto seen = space.run({"/usr/bin/look"}, "", Deadline::after(std::chrono::seconds(10)));
    ASSERT_TRUE(seen) << seen.error().what;
    struct stat status {};
    ASSERT_EQ(stat("/", &status), 0);
    // No mount of it is the machine's root, and none is at another place than a node has.
    for (const Mount& mount : parse_mounts(seen->out)) {
        EXPECT_TRUE(mount.point == "/" || mount.point.starts_with("/proc") || mount.point.starts_with("/sys") ||
                    mount.point.starts_with("/dev") || mount.point.starts_with("/run/pando"))
            << mount.point;
    }
    EXPECT_THAT(seen->out, testing::Not(HasSubstr("\nhome\n")));
}

TEST_F(ProofTest, AModuleThatIsNotInsideFailsItsAgentAndIsNamed) {
    fill(cluster());
    for (const char* form :
         {"usr/lib/python3/dist-packages/pexpect/__init__.pyc", "usr/lib/python3/dist-packages/pexpect/__init__.py"})
        fs::remove(target() / form);
    const Proof proven = proof(trials_for(manifest_, cluster(), Devices::leave_alone, false).all);
    EXPECT_FALSE(proven.holds());
    const auto agent = std::find_if(proven.outcomes.begin(), proven.outcomes.end(),
                                    [](const Outcome& one) { return one.name == "fence_ipmilan: metadata"; });
    ASSERT_NE(agent, proven.outcomes.end());
    EXPECT_FALSE(agent->passed);
    EXPECT_THAT(agent->says, HasSubstr("pexpect"));
    EXPECT_THAT(all(proven), HasSubstr("/usr/lib/python3/dist-packages/pexpect/__init__.py by "));
}

TEST_F(ProofTest, AFileOfTheRootThatAProgramWantsIsNamedWithItsPackage) {
    fill(cluster());
    write_script("wants", "#!/bin/sh\n/bin/cat /usr/lib/os-release\n");
    const Proof proven = proof({script("wants")});
    ASSERT_EQ(proven.findings.size(), 1U) << all(proven);
    EXPECT_EQ(proven.findings[0].what, "/usr/lib/os-release");
    EXPECT_EQ(proven.findings[0].package, "base-files");
    EXPECT_EQ(proven.findings[0].program, "/bin/cat");
    EXPECT_FALSE(proven.holds());
}

TEST_F(ProofTest, AProgramThatAsksANameServerIsNamed) {
    fill(cluster());
    write_script("asks",
                 "#!/usr/bin/python3\nimport socket\n"
                 "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(('127.0.0.1', 53))\n");
    const Proof proven = proof({script("asks")});
    ASSERT_EQ(proven.findings.size(), 1U) << all(proven);
    EXPECT_EQ(proven.findings[0].what, "127.0.0.1 port 53");
    EXPECT_EQ(proven.findings[0].program, "/usr/bin/asks");
}

TEST_F(ProofTest, ATrialThatHangsIsEndedAndFails) {
    fill(cluster());
    write_script("hangs", "#!/bin/sh\nread nothing </dev/tty1 || exec /bin/tail -f /dev/null\n");
    Trial trial = script("hangs");
    trial.limit = Milliseconds(1500);
    const Proof proven = proof({trial, script("hangs-not-there")});
    ASSERT_EQ(proven.outcomes.size(), 2U);
    EXPECT_FALSE(proven.outcomes[0].passed);
    EXPECT_LT(proven.outcomes[0].took, Milliseconds(10000));
    EXPECT_FALSE(proven.outcomes[1].passed);
}

}  // namespace
}  // namespace pando::chroot
