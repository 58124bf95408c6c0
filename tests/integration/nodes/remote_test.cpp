// SPDX-License-Identifier: GPL-2.0-or-later
// Programs on other nodes, with Debian's sshd as one of them, in network and mount namespaces of the test's own.
#include "nodes/remote.h"

#include "base/file.h"
#include "base/process.h"
#include "config/ssh_keys.h"
#include "initrd/refresh.h"
#include "nodes/grouped.h"

#include <gmock/gmock.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <memory>

namespace pando::nodes {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;
using testing::HasSubstr;

class RemoteNodes : public testing::Test {
protected:
    void SetUp() override {
        if (!find_program("sshd") || !find_program("ssh")) GTEST_SKIP() << "needs openssh-server and openssh-client";
        ASSERT_EQ(unshare(CLONE_NEWNS | CLONE_NEWNET), 0) << "needs root";
        ASSERT_EQ(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
        ASSERT_EQ(mount("tmpfs", "/run", "tmpfs", 0, nullptr), 0);
        ASSERT_TRUE(make_directories("/run/sshd"));
        ASSERT_TRUE(make_directories("/run/pando"));
        auto made = TemporaryDirectory::create("/var/tmp", "pando-test");
        ASSERT_TRUE(made);
        directory_ = std::make_unique<TemporaryDirectory>(std::move(*made));
        bundle_.cluster = "grove";
        bundle_.files = {{"cluster.yaml", *read_file(TEST_DATA "/../../docs/examples/cluster.yaml")},
                         {"authkey", std::string(256, 'k')}};
        const auto cluster = bundle_.description();
        ASSERT_TRUE(cluster) << cluster.error().what;
        // This machine is aspen1 and, behind sshd, aspen2; aspen3 was up once, and is gone.
        ASSERT_TRUE(run_ok({.argv = {"ip", "link", "set", "lo", "up"}}));
        for (const char* node : {"aspen1", "aspen2"})
            ASSERT_TRUE(run_ok(
                {.argv = {"ip", "address", "add", cluster->find_node(node)->cluster_address() + "/24", "dev", "lo"}}));
        for (const char* node : {"aspen2", "aspen3"}) make_host_key(node);
        start_sshd(*cluster);
    }
    void TearDown() override {
        if (!sshd_) return;
        EXPECT_TRUE(sshd_->stop(seconds(5)));
    }

    fs::path work() const { return directory_->path(); }
    fs::path key_of(const std::string& node) const {
        return work() / ".pando/nodes" / node / "etc/ssh/ssh_host_ed25519_key";
    }
    void make_host_key(const std::string& node) {
        ASSERT_TRUE(make_directories(key_of(node).parent_path()));
        ASSERT_TRUE(run_ok({.argv = {"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key_of(node)}}));
    }
    void start_sshd(const config::Cluster& cluster) {
        for (const char* end : {"", ".pub"})
            fs::copy_file(key_of("aspen2").string() + end, (work() / "host").string() + end);
        ASSERT_TRUE(initrd::write_authorized_keys(cluster, bundle_.files.at("authkey"), work() / "keys"));
        ASSERT_TRUE(write_file_atomic(
            work() / "config",
            fmt::format("ListenAddress {}\nHostKey {}\nAuthorizedKeysFile {}\nStrictModes no\nUsePAM no\nPidFile none\n"
                        "PermitRootLogin prohibit-password\n",
                        cluster.find_node("aspen2")->cluster_address(), (work() / "host").string(),
                        (work() / "keys").string())));
        auto started = Child::spawn(
            {.argv = {"/usr/sbin/sshd", "-D", "-e", "-f", work() / "config"}, .output_file = work() / "sshd.log"});
        ASSERT_TRUE(started) << started.error().what;
        sshd_ = std::make_unique<Child>(std::move(*started));
        const Deadline deadline = Deadline::after(seconds(20));
        while (read_file(work() / "sshd.log").value_or("").find("Server listening") == std::string::npos) {
            ASSERT_FALSE(deadline.passed()) << read_file(work() / "sshd.log").value_or("");
            poll(nullptr, 0, 20);
        }
    }
    Result<Remote> remote() { return Remote::of_this_node(bundle_, "aspen1", work(), work() / "run"); }

    std::unique_ptr<TemporaryDirectory> directory_;
    std::unique_ptr<Child> sshd_;
    config::Bundle bundle_;
};

TEST_F(RemoteNodes, RunHereAndThereWithoutAnySetUp) {
    const auto there = remote();
    ASSERT_TRUE(there) << there.error().what;
    const auto answers =
        there->run({"aspen2", "aspen1"}, {"sh", "-c", "echo \"$0\"; echo oh >&2; exit 3", "a  $HOME 'b'"}, seconds(60));
    ASSERT_EQ(answers.size(), 2U);
    for (const Answer& answer : answers) {
        EXPECT_EQ(answer.trouble, "") << answer.node;
        EXPECT_EQ(answer.status, 3) << answer.node;
        EXPECT_EQ(answer.out, "a  $HOME 'b'\n") << answer.node;
        EXPECT_EQ(answer.err, "oh\n") << answer.node;
    }
    EXPECT_EQ(answers[0].node, "aspen2");
    EXPECT_EQ(grouped(answers).size(), 1U);
}

TEST_F(RemoteNodes, WhoIsGoneIsNamedAndHoldsUpNobody) {
    fs::remove_all(work() / ".pando/nodes/aspen1");
    const auto there = remote();
    ASSERT_TRUE(there);
    const auto answers = there->run({"aspen3", "aspen2"}, {"true"}, seconds(60));
    EXPECT_FALSE(answers[0].status);
    EXPECT_NE(answers[0].trouble, "");
    EXPECT_EQ(answers[1].status, 0);
    fs::remove(key_of("aspen3").string() + ".pub");
    const auto never = remote();
    ASSERT_TRUE(never);
    EXPECT_THAT(never->run({"aspen3"}, {"true"}, seconds(60))[0].trouble, HasSubstr("never up"));
}

TEST_F(RemoteNodes, AMachineWithAnotherHostKeyIsNotTheNode) {
    for (const char* end : {"", ".pub"}) fs::remove(key_of("aspen2").string() + end);
    make_host_key("aspen2");  // sshd has the one before
    const auto there = remote();
    ASSERT_TRUE(there);
    const auto answers = there->run({"aspen2"}, {"true"}, seconds(60));
    EXPECT_FALSE(answers[0].status);
    EXPECT_THAT(answers[0].trouble, HasSubstr("Host key verification failed"));
}

TEST_F(RemoteNodes, TheKeyOpensNothingFromElsewhere) {
    ASSERT_TRUE(run_ok({.argv = {"ip", "address", "add", "10.20.0.200/24", "dev", "lo"}}));
    ASSERT_TRUE(remote());
    const auto cluster = bundle_.description();
    const auto from = [&](const std::string& address) {
        return run(
            {.argv = {"ssh", "-F", "none", "-b", address, "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o",
                      "UserKnownHostsFile=/dev/null", "-o", "IdentitiesOnly=yes", "-i", work() / "run/ssh/key",
                      "root@" + cluster->find_node("aspen2")->cluster_address(), "true"}});
    };
    const auto member = from(cluster->find_node("aspen1")->cluster_address());
    ASSERT_TRUE(member);
    EXPECT_EQ(member->status, 0) << member->err;
    const auto stranger = from("10.20.0.200");
    ASSERT_TRUE(stranger);
    EXPECT_EQ(stranger->status, 255);
    EXPECT_THAT(stranger->err, HasSubstr("Permission denied"));
}

}  // namespace
}  // namespace pando::nodes
