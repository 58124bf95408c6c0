// SPDX-License-Identifier: GPL-2.0-or-later
// What a blade reports of its boot: the stage that was told last, with what process 1 waits for now; to the boot server
// before it has a key, signed after that.
#include "initrd/boot_reports.h"

#include "report/socket.h"

#include <gmock/gmock.h>
#include <poll.h>

namespace pando::initrd {
namespace {

using report::Report;
using report::State;
using std::chrono::seconds;

Doing join_waits() {
    Doing doing;
    doing.state = Doing::State::stage;
    doing.stage = "join";
    doing.begin = seconds(60);
    doing.span = seconds(300);
    doing.waiting_for = "quorum: 1 of 3 votes";
    doing.then = "this machine reboots (policy reboot)";
    return doing;
}

TEST(BootReport, OfAStageThatRunsTellsWhatItWaitsFor) {
    Report told;
    told.stage.name = "join";
    const Report now = boot_report(told, join_waits(), seconds(101));
    EXPECT_EQ(now.stage.seconds, 41U);
    EXPECT_EQ(now.stage.deadline, 300U);
    EXPECT_EQ(now.stage.waiting_for, "quorum: 1 of 3 votes");
    EXPECT_EQ(now.stage.then, "this machine reboots (policy reboot)");
}

TEST(BootReport, OfAnotherStageIsAsItWasTold) {
    Report told;
    told.stage.name = "chroot";
    EXPECT_EQ(boot_report(told, join_waits(), seconds(101)).stage.waiting_for, "");
}

TEST(BootReport, OfAFailureTellsWhoIsWaitedFor) {
    Report told{.state = State::failed};
    told.stage.name = "join";
    told.stage.error = "no quorum";
    Doing rescue = join_waits();
    EXPECT_EQ(boot_report(told, rescue, seconds(101)).stage.waiting_for, "");  // the stage's own is over
    rescue.state = Doing::State::rescue;
    rescue.waiting_for = "somebody: Enter at a console";
    const Report now = boot_report(told, rescue, seconds(101));
    EXPECT_EQ(now.stage.waiting_for, "somebody: Enter at a console");
    EXPECT_EQ(now.stage.error, "no quorum");
}

TEST(BootReports, GoToTheBootServerBeforeThereIsAKey) {
    const auto receiver = report::Receiver::open(report::report_port, "127.0.0.1");
    ASSERT_TRUE(receiver) << receiver.error().what;
    Boot boot;
    boot.arguments.report = "127.0.0.1";
    boot.arguments.boot_mac = "52:54:00:00:00:09";
    BootReports reports;
    reports.tell(boot, State::failed, "bootstrap", 2, 12, 1, Error{"no target", "look at the target"});
    pollfd asked{receiver->descriptor(), POLLIN, 0};
    ASSERT_EQ(poll(&asked, 1, 5000), 1);
    report::Plan plan;
    report::Collector collector(plan);
    receiver->receive(
        [&](std::string_view datagram, const std::string& from) { collector.take(datagram, from, report::now()); });
    const auto snapshot = collector.snapshot(since_boot());
    ASSERT_EQ(snapshot.unverified.size(), 1U);
    EXPECT_EQ(snapshot.unverified[0].report.mac, "52:54:00:00:00:09");
    EXPECT_EQ(snapshot.unverified[0].report.stage.error, "no target");
    EXPECT_EQ(snapshot.unverified[0].report.stage.advice, "look at the target");
}

}  // namespace
}  // namespace pando::initrd
