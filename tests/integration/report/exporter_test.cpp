// SPDX-License-Identifier: GPL-2.0-or-later
// What a collector writes, judged by promtool and served by Prometheus' node exporter, in a network namespace of the
// test's own.
#include "report/metrics.h"

#include "base/file.h"
#include "base/process.h"

#include <gmock/gmock.h>
#include <poll.h>
#include <sched.h>
#include <memory>

namespace pando::report {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;
using testing::HasSubstr;

std::string sample() {
    Snapshot snapshot{.cluster = "grove", .generation = 7, .boot = "b", .written = seconds(1000)};
    snapshot.nodes = {"n1", "n2", "n3"};
    Report booted{.node = "n1", .state = State::booted, .up = 400};
    booted.votes = Votes{true, 3, 3, 2};
    booted.root = "mounted";
    booted.chroot = "ok";
    booted.fence_test = 130;
    booted.generation = 7;
    Report boots{.node = "n2", .state = State::booting};
    boots.stage = {.name = "join \"\\", .number = 9, .count = 12, .seconds = 40};
    snapshot.heard = {{"n1", {booted, seconds(999), 0, "10.0.0.1"}}, {"n2", {boots, seconds(999), 0, "10.0.0.2"}}};
    snapshot.dropped = {{"garbage", 17}};
    return to_metrics(view_of(snapshot, {seconds(1000), "b"}), snapshot) + stage_metrics("n1", {{"join", 31.5}});
}

TEST(Exporter, PromtoolFindsNothing) {
    if (!find_program("promtool")) GTEST_SKIP() << "needs prometheus";
    const auto checked = run({.argv = {"promtool", "check", "metrics"}, .input = sample()});
    ASSERT_TRUE(checked) << checked.error().what;
    EXPECT_EQ(checked->status, 0) << checked->out << checked->err;
    EXPECT_EQ(checked->out + checked->err, "");
    const auto rules = run({.argv = {"promtool", "check", "rules", TEST_DATA "/../../docs/grafana/pando-alerts.yml"}});
    ASSERT_TRUE(rules) << rules.error().what;
    EXPECT_EQ(rules->status, 0) << rules->out << rules->err;
}

TEST(Exporter, ServesThem) {
    if (!find_program("prometheus-node-exporter")) GTEST_SKIP() << "needs prometheus-node-exporter";
    ASSERT_EQ(unshare(CLONE_NEWNET), 0) << "needs root";
    ASSERT_TRUE(run_ok({.argv = {"ip", "link", "set", "lo", "up"}}));
    const auto directory = TemporaryDirectory::create("/var/tmp", "pando-test");
    ASSERT_TRUE(directory);
    ASSERT_TRUE(write_file_atomic(directory->path() / "pando.prom", sample(), 0644));
    auto exporter = Child::spawn(
        {.argv = {"prometheus-node-exporter", "--web.listen-address=127.0.0.1:9100", "--collector.disable-defaults",
                  "--collector.textfile", "--collector.textfile.directory=" + directory->path().string()},
         .output_file = directory->path() / "log"});
    ASSERT_TRUE(exporter) << exporter.error().what;
    std::string served;
    for (const Deadline deadline = Deadline::after(seconds(30)); served.empty() && !deadline.passed();) {
        const auto asked = run({.argv = {"curl", "--silent", "--fail", "http://127.0.0.1:9100/metrics"}});
        if (asked && asked->ok())
            served = asked->out;
        else
            poll(nullptr, 0, 100);
    }
    EXPECT_TRUE(exporter->stop(seconds(5)));
    EXPECT_THAT(served, HasSubstr("node_textfile_scrape_error 0"));
    EXPECT_THAT(served, HasSubstr("pando_node_state{node=\"n1\",state=\"booted\"} 1"));
    EXPECT_THAT(served, HasSubstr("pando_node_stage_number{node=\"n2\",stage=\"join \\\"\\\\\"} 9"));
    EXPECT_THAT(served, HasSubstr("pando_reports_dropped_total{reason=\"garbage\"} 17"));
}

}  // namespace
}  // namespace pando::report
