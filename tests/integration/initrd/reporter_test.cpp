// SPDX-License-Identifier: GPL-2.0-or-later
// The reporter of a node as it runs in the chroot, in network and mount namespaces of the test's own; the boot server
// hears it.
#include "base/file.h"
#include "base/process.h"
#include "base/procfs.h"
#include "initrd/timeline.h"
#include "initrd/watch.h"
#include "report/collector.h"
#include "report/socket.h"

#include <gmock/gmock.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <memory>
#include <sstream>

namespace pando::initrd {
namespace {

using report::State;
using std::chrono::seconds;

class ReporterProcess : public testing::Test {
protected:
    void SetUp() override {
        ASSERT_EQ(unshare(CLONE_NEWNS | CLONE_NEWNET), 0) << "needs root";
        ASSERT_EQ(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
        ASSERT_EQ(mount("tmpfs", "/run", "tmpfs", 0, nullptr), 0);
        ASSERT_TRUE(make_directories("/run/pando"));
        // The boot server has a namespace of its own, and a socket that stays there.
        ASSERT_TRUE(make_directories("/run/netns"));
        ASSERT_TRUE(write_file_atomic("/run/netns/server", ""));
        ASSERT_EQ(mount("/proc/thread-self/ns/net", "/run/netns/server", nullptr, MS_BIND, nullptr), 0);
        auto receiver = report::Receiver::open(report::report_port);
        ASSERT_TRUE(receiver) << receiver.error().what;
        receiver_ = std::make_unique<report::Receiver>(std::move(*receiver));
        ASSERT_EQ(unshare(CLONE_NEWNET), 0);
        for (const char* words : {"link set lo up", "link add node type veth peer name server netns server",
                                  "link set node up", "address add 10.0.0.11/24 dev node",
                                  "-n server link set server up", "-n server address add 10.0.0.1/24 dev server"}) {
            std::vector<std::string> argv = {"ip"};
            std::istringstream text(words);
            for (std::string word; text >> word;) argv.push_back(word);
            const auto done = run_ok({.argv = argv});
            ASSERT_TRUE(done) << done.error().what;
        }
        report::Plan plan;
        plan.cluster = "grove";
        plan.key = *report::report_key(std::string(128, 'k'), "grove");
        plan.generation = 7;
        plan.server = "10.0.0.1";
        plan.nodes = {{"n1", 1, "10.0.0.11", "S1"}, {"n2", 2, "10.0.0.12", "S2"}};
        ASSERT_TRUE(report::save(plan));
        ASSERT_TRUE(write_file_atomic("/run/pando/node", "n1\n"));
        Timeline timeline;
        timeline.begin("handover", 1);
        timeline.succeed("");
        timeline.state = "booted";
        ASSERT_TRUE(timeline.save());
        collector_ = std::make_unique<report::Collector>(plan);
    }

    // What the server knows of n1, once that is it.
    bool hears(State state) {
        const Deadline deadline = Deadline::after(seconds(20));
        while (!deadline.passed()) {
            pollfd event{receiver_->descriptor(), POLLIN, 0};
            (void)poll(&event, 1, 50);
            receiver_->receive([&](std::string_view datagram, const std::string& from) {
                collector_->take(datagram, from, report::now());
            });
            const auto heard = collector_->snapshot(since_boot()).heard;
            if (heard.count("n1") != 0 && heard.at("n1").report.state == state) return true;
        }
        return false;
    }

    std::unique_ptr<report::Collector> collector_;
    std::unique_ptr<report::Receiver> receiver_;
};

TEST_F(ReporterProcess, TellsHowItIsAndThatItHasLeft) {
    auto reporter = Child::spawn(
        {.argv = {std::string(PANDO_BINARY_DIR) + "/initrd/pando-survival", "report"}, .argv0 = "@pando-report"});
    ASSERT_TRUE(reporter) << reporter.error().what;
    EXPECT_TRUE(hears(State::booted));
    ASSERT_TRUE(write_file_atomic(stopping_file, ""));
    EXPECT_TRUE(hears(State::leaving));
    // As the exit does it, until it has ended.
    const auto stopped = reporter->stop(seconds(2));
    ASSERT_TRUE(stopped);
    EXPECT_TRUE(*stopped) << "it had to be killed";
    EXPECT_TRUE(hears(State::left));
    EXPECT_TRUE(collector_->snapshot(since_boot()).dropped.empty());
}

}  // namespace
}  // namespace pando::initrd
