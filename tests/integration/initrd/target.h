// SPDX-License-Identifier: GPL-2.0-or-later
// A real iSCSI target (tgtd) on the loopback of a network namespace of this test's own, with one LUN: a plain file.
#pragma once

#include "base/file.h"
#include "base/process.h"
#include "config/cluster.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <csignal>
#include <optional>

namespace pando::test {

class TargetTest : public testing::Test {
protected:
    static constexpr const char* target_name = "iqn.2026-01.org.example:root";
    static constexpr const char* initiator = "iqn.2026-01.org.pando:test";
    static constexpr uint64_t lun_size = 128U << 20U;

    void SetUp() override {
        ASSERT_EQ(unshare(CLONE_NEWNET), 0) << "needs root";
        ASSERT_TRUE(run_ok({.argv = {"ip", "link", "set", "dev", "lo", "up"}}));
        auto made = TemporaryDirectory::create("/var/tmp", "pando-target");
        ASSERT_TRUE(made);
        directory_.emplace(std::move(*made));
        const UniqueFd fd(open(lun().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
        ASSERT_EQ(ftruncate(fd.get(), lun_size), 0);
    }
    void TearDown() override {
        if (tgtd_) stop();
    }

    std::filesystem::path lun() const { return directory_->path() / "lun"; }

    config::Iscsi iscsi() const {
        config::Iscsi iscsi;
        iscsi.portals = {"127.0.0.1:3260"};
        iscsi.target = target_name;
        return iscsi;
    }

    // The partitions of a LUN of ours.
    void partition() const {
        ASSERT_TRUE(run_ok({.argv = {"sfdisk", "--quiet", lun().string()},
                            .input = "label: gpt\nsize=64MiB, type=L, name=pando-bundle\n"
                                     "size=8MiB, type=L, name=pando-sbd\ntype=L, name=pando-root-unfinished\n"}));
    }

    void start() {
        // Dies with the test, whatever becomes of it.
        const auto with_us = [] { return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0; };
        auto child = Child::spawn({.argv = {"tgtd", "-f", "-C", "0", "--iscsi", "portal=127.0.0.1:3260"},
                                   .env = environment(),
                                   .prepare = with_us,
                                   .output_file = directory_->path() / "log"});
        ASSERT_TRUE(child) << child.error().what;
        tgtd_.emplace(std::move(*child));
        const Deadline deadline = Deadline::after(std::chrono::seconds(20));
        while (!administer({"--op", "show", "--mode", "target"})) {
            ASSERT_TRUE(tgtd_->running()) << *read_file(directory_->path() / "log");
            ASSERT_FALSE(deadline.passed());
            pollfd ended{tgtd_->pidfd(), POLLIN, 0};
            (void)poll(&ended, 1, 50);
        }
        must({"--op", "new", "--mode", "target", "--tid", "1", "-T", target_name});
        must({"--op", "new", "--mode", "logicalunit", "--tid", "1", "--lun", "1", "--backing-store", lun().string()});
        must({"--op", "bind", "--mode", "target", "--tid", "1", "-I", "ALL"});
    }
    // As when its machine lost power: nobody is told.
    void stop() {
        ASSERT_EQ(kill(tgtd_->pid(), SIGKILL), 0);
        ASSERT_TRUE(tgtd_->wait(Deadline::after(std::chrono::seconds(10))));
        tgtd_.reset();
    }
    pid_t target_pid() const { return tgtd_->pid(); }

private:
    std::map<std::string, std::string> environment() const {
        return {{"TGT_IPC_SOCKET", (directory_->path() / "socket").string()}};
    }
    bool administer(std::vector<std::string> words) const {
        words.insert(words.begin(), {"tgtadm", "-C", "0", "--lld", "iscsi"});
        return run_ok({.argv = std::move(words), .env = environment()}).has_value();
    }
    void must(std::vector<std::string> words) const { ASSERT_TRUE(administer(std::move(words))); }

    std::optional<TemporaryDirectory> directory_;
    std::optional<Child> tgtd_;
};

}  // namespace pando::test
