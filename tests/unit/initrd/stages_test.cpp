// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/stages.h"
#include "config/fence_agent.h"
#include "fencing/ask.h"
#include "initrd/mount_root.h"
#include "initrd/notify.h"

#include <gtest/gtest.h>
#include <cerrno>
#include <set>

using namespace pando;
using namespace pando::initrd;

TEST(Stages, AreTheDesignsInItsOrder) {
    EXPECT_EQ(stage_names(),
              "hardware bootstrap bundle identity network storage preflight chroot join root cdsl handover");
}

// boot.stages: in cluster.yaml takes exactly the stages there are.
TEST(Stages, AreTheOnesThatTheDescriptionNames) {
    std::set<std::string> ours;
    for (const auto* stages : {&boot_stages(), &install_stages()})
        for (const Stage& stage : *stages) ours.emplace(stage.name);
    const auto& named = config::boot_stage_names();
    EXPECT_EQ(std::set<std::string>(named.begin(), named.end()), ours);
    EXPECT_EQ(named.size(), ours.size());
}

TEST(Stages, EachHasADeadlineAndAdvice) {
    for (const auto* stages : {&boot_stages(), &install_stages()}) {
        for (const Stage& stage : *stages) {
            EXPECT_GT(stage.deadline.count(), 0) << stage.name;
            EXPECT_FALSE(stage.advice.empty()) << stage.name;
            EXPECT_TRUE(is_stage(stage.name));
        }
    }
    EXPECT_FALSE(is_stage("joining"));
}

TEST(MountRoot, TheKernelsErrorsBecomeWords) {
    EXPECT_NE(explain_mount_error(EBADR, "/dev/sda3").what.find("another cluster"), std::string::npos);
    EXPECT_NE(explain_mount_error(EUSERS, "/dev/sda3").advice.find("gfs2_jadd"), std::string::npos);
    EXPECT_NE(explain_mount_error(ENOTCONN, "/dev/sda3").advice.find("dlm_controld"), std::string::npos);
    EXPECT_FALSE(explain_mount_error(EIO, "/dev/sda3").advice.empty());
}

TEST(MountRoot, TheReportOfTheChildComesApartAgain) {
    const auto [what, advice] = split_report("mounting /dev/sda3: no such device\nadvice: build the image again");
    EXPECT_EQ(what, "mounting /dev/sda3: no such device");
    EXPECT_EQ(advice, "build the image again");
    EXPECT_EQ(split_report("killed").first, "killed");
}

namespace {

config::Cluster two_nodes() {
    config::Cluster cluster;
    for (const char* name : {"n1", "n2"}) {
        config::Node node;
        node.name = name;
        node.fence.push_back({std::string(name) + "-bmc", "fence_ipmilan", {{"ip", "192.0.2.1"}, {"username", "u"}}});
        cluster.nodes.push_back(node);
    }
    return cluster;
}

}  // namespace

TEST(FenceCheck, TheAgentGetsItsOptionsAndTheAction) {
    const auto cluster = two_nodes();
    EXPECT_EQ(config::agent_input(cluster.nodes[0].fence[0], "status"), "ip=192.0.2.1\nusername=u\naction=status\n");
}

TEST(FenceCheck, OnAndOffAreAnswersAndNothingElseIs) {
    const auto cluster = two_nodes();
    const auto answers_with = [&](int status) {
        return fencing::ask_fence_devices(
            cluster,
            [&](const std::vector<std::string>& argv, const std::string&, Deadline) -> Result<Finished> {
                EXPECT_EQ(argv.at(0), "fence_ipmilan");
                return Finished{status, "", "Failed: Unable to obtain correct plug status\n"};
            },
            Deadline::after(std::chrono::seconds(5)));
    };
    EXPECT_TRUE(answers_with(0).at(0).answered);
    EXPECT_TRUE(answers_with(2).at(0).answered);
    const auto silent = answers_with(1);
    ASSERT_EQ(silent.size(), 2U);
    EXPECT_EQ(silent[1].device, "n2-bmc");
    EXPECT_FALSE(silent[1].answered);
    EXPECT_NE(silent[1].says.find("Unable to obtain"), std::string::npos);
}

TEST(FenceCheck, AMachineThatRunsIsNotTheOneItsDeviceCallsOff) {
    const std::vector<fencing::FenceAnswer> answers = {
        {"n1", "n1-bmc", true, "off"}, {"n1", "n1-pdu", false, "no route to host"}, {"n2", "n2-bmc", true, "off"},
        {"n2", "n2-pdu", true, "on"},  {"n3", "n3-bmc", false, "wrong password"},
    };
    const auto verdict = fencing::judge_fence_answers(answers, "n1");
    EXPECT_EQ(verdict.strange, std::vector<std::string>{"n1-bmc of node n1: off"});
    EXPECT_EQ(verdict.unheard, std::vector<std::string>{"n1-pdu of node n1: no route to host"});
    EXPECT_EQ(verdict.silent, std::vector<std::string>{"n3-bmc of node n3: wrong password"});
    const auto without_n3 = fencing::judge_fence_answers(answers, "n1", {.unracked = {"n3"}, .said_off = {}});
    EXPECT_TRUE(without_n3.silent.empty());
    EXPECT_EQ(without_n3.unracked, std::vector<std::string>{"n3-bmc of node n3: wrong password"});
    EXPECT_TRUE(fencing::judge_fence_answers({{"n1", "n1-bmc", true, "on"}, {"n2", "n2-bmc", true, "off"}}, "n1")
                    .strange.empty());
}

TEST(ReadySocket, TellsAReadyDaemonFromOneThatEnded) {
    auto ready = ReadySocket::open("pando-test-ready");
    ASSERT_TRUE(ready);
    auto talks = Child::spawn({.argv = {"python3", "-c",
                                        "import os,socket,signal; s=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM);"
                                        "s.connect('\\0'+os.environ['NOTIFY_SOCKET'][1:]);"
                                        "s.send(b'STATUS=soon'); s.send(b'READY=1'); signal.pause()"},
                               .env = {{"NOTIFY_SOCKET", ready->address()}}});
    ASSERT_TRUE(talks) << talks.error().what;
    EXPECT_TRUE(ready->wait(*talks, Deadline::after(std::chrono::seconds(20))));
    ASSERT_TRUE(talks->stop(std::chrono::seconds(2)));

    auto ends = Child::spawn({.argv = {"false"}});
    ASSERT_TRUE(ends);
    const auto ended = ready->wait(*ends, Deadline::after(std::chrono::seconds(20)));
    ASSERT_FALSE(ended);
    EXPECT_NE(ended.error().what.find("status 1"), std::string::npos);
}
