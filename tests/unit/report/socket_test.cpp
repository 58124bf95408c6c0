// SPDX-License-Identifier: GPL-2.0-or-later
// What one process sends another hears, over the loopback.
#include "report/socket.h"

#include "tests/unit/report/sample_plan.h"

#include <poll.h>

namespace pando::report {
namespace {

constexpr uint16_t test_port = 25490;

TEST(Socket, CarriesReportsToEachAddressAndPassesOverWhoIsNotThere) {
    auto receiver = Receiver::open(test_port, "127.0.0.1");
    ASSERT_TRUE(receiver) << receiver.error().what;
    const auto plan = test::sample_plan();
    Reporter reporter(plan.key, "8f3c0000-0000-4000-8000-000000000001");
    // Nobody hears at the second, and the third is none.
    const Sender sender(test_port, {"127.0.0.1", "127.0.0.9", "nowhere"});
    Collector collector(plan);
    for (int i = 0; i < 3; ++i) sender.send(reporter.datagram(test::booted("n2")));
    const Deadline deadline = Deadline::after(std::chrono::seconds(5));
    for (size_t heard = 0; heard < 3 && !deadline.passed();) {
        pollfd asked{receiver->descriptor(), POLLIN, 0};
        (void)poll(&asked, 1, deadline.poll_timeout());
        heard += receiver->receive(
            [&](std::string_view datagram, const std::string& from) { collector.take(datagram, from, now()); });
    }
    const Snapshot snapshot = collector.snapshot(since_boot());
    ASSERT_EQ(snapshot.heard.count("n2"), 1U);
    EXPECT_EQ(snapshot.heard.at("n2").from, "127.0.0.1");
    EXPECT_EQ(snapshot.heard.at("n2").clock_off, 0);
    EXPECT_TRUE(snapshot.dropped.empty());  // each has a counter of its own
}

TEST(Socket, ThatIsTakenIsSaid) {
    const auto first = Receiver::open(test_port + 1, "127.0.0.1");
    ASSERT_TRUE(first);
    const auto second = Receiver::open(test_port + 1, "127.0.0.1");
    ASSERT_FALSE(second);
    EXPECT_THAT(second.error().what, testing::HasSubstr("Address already in use"));
}

}  // namespace
}  // namespace pando::report
