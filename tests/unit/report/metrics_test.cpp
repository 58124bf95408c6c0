// SPDX-License-Identifier: GPL-2.0-or-later
// The metrics for Prometheus; the table, docs/metrics.md, the dashboard and the alerts name the same ones.
#include "report/metrics.h"

#include "base/file.h"
#include "tests/unit/report/sample_plan.h"

#include <nlohmann/json.hpp>
#include <regex>
#include <set>

namespace pando::report {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;
using test::booted;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::IsSubsetOf;
using testing::Not;

const fs::path docs = fs::path(TEST_DATA) / "../../docs";

Snapshot three_booted() {
    Snapshot snapshot{.cluster = "grove", .generation = 7, .boot = "b", .written = seconds(1000)};
    snapshot.nodes = {"n1", "n2", "n3"};
    for (const std::string& node : snapshot.nodes) snapshot.heard[node] = {booted(node), seconds(999), 0, "10.0.0.1"};
    return snapshot;
}

std::string told(const Snapshot& snapshot, std::string_view only = {}) {
    return to_metrics(view_of(snapshot, {seconds(1000), "b"}), snapshot, only);
}

std::set<std::string> names_in(const std::string& text) {
    static const std::regex name("pando_[a-z_]+");
    std::set<std::string> names;
    for (std::sregex_iterator it(text.begin(), text.end(), name), end; it != end; ++it) names.insert(it->str());
    return names;
}

std::set<std::string> names_of_table() {
    std::set<std::string> names;
    for (const Metric& metric : metrics()) names.emplace(metric.name);
    return names;
}

TEST(Metrics, OfAHealthyNode) {
    const std::string text = told(three_booted());
    for (const char* line :
         {"# HELP pando_node_state 1 for the state that the node is in, 0 for the others.\n# TYPE pando_node_state "
          "gauge\n",
          "pando_node_state{node=\"n1\",state=\"booted\"} 1\n", "pando_node_state{node=\"n1\",state=\"frozen\"} 0\n",
          "pando_node_healthy{node=\"n2\"} 1\n", "pando_node_report_age_seconds{node=\"n3\"} 1\n",
          "pando_node_up_seconds{node=\"n1\"} 400\n", "pando_node_quorate{node=\"n1\"} 1\n",
          "pando_node_votes_needed{node=\"n1\"} 2\n", "pando_node_root_writable{node=\"n1\"} 1\n",
          "pando_node_root_frozen_seconds{node=\"n1\"} 0\n", "pando_node_fence_test_age_seconds{node=\"n1\"} 130\n",
          "pando_node_chroot_ok{node=\"n1\"} 1\n", "pando_node_description_generation{node=\"n1\"} 7\n",
          "\npando_description_generation 7\n", "\npando_unverified_machines 0\n"})
        EXPECT_THAT(text, HasSubstr(line));
    EXPECT_THAT(text, Not(HasSubstr("stage")));
}

TEST(Metrics, OfANodeThatIsSilentNothingIsClaimed) {
    Snapshot snapshot = three_booted();
    snapshot.heard.at("n2").last = seconds(900);
    snapshot.heard.erase("n3");
    const std::string text = told(snapshot);
    EXPECT_THAT(text, HasSubstr("pando_node_state{node=\"n2\",state=\"silent\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("pando_node_healthy{node=\"n2\"} 0\n"));
    EXPECT_THAT(text, HasSubstr("pando_node_report_age_seconds{node=\"n2\"} 100\n"));
    EXPECT_THAT(text, HasSubstr("pando_node_state{node=\"n3\",state=\"silent\"} 1\n"));
    EXPECT_THAT(text, Not(HasSubstr("pando_node_quorate{node=\"n2\"}")));
    EXPECT_THAT(text, Not(HasSubstr("pando_node_report_age_seconds{node=\"n3\"}")));
}

TEST(Metrics, OfABootAndOfAFrozenRoot) {
    Snapshot snapshot = three_booted();
    Report& boots = snapshot.heard.at("n3").report;
    boots = {.node = "n3", .state = State::booting};
    boots.stage = {.name = "join", .number = 9, .count = 12, .seconds = 40};
    Report& frozen = snapshot.heard.at("n1").report;
    frozen.root = "frozen";
    frozen.frozen = 12;
    frozen.fencing = "n2";
    snapshot.heard.erase("n2");
    snapshot.dropped = {{"garbage", 17}, {"replayed", 2}};
    const std::string text = told(snapshot);
    for (const char* line :
         {"pando_node_stage_number{node=\"n3\",stage=\"join\"} 9\n",
          "pando_node_stage_seconds{node=\"n3\",stage=\"join\"} 40\n",
          "pando_node_state{node=\"n1\",state=\"frozen\"} 1\n", "pando_node_root_frozen_seconds{node=\"n1\"} 12\n",
          "pando_node_root_writable{node=\"n1\"} 0\n", "pando_node_fencing_wanted{node=\"n2\"} 1\n",
          "# TYPE pando_reports_dropped_total counter\npando_reports_dropped_total{reason=\"garbage\"} 17\n"})
        EXPECT_THAT(text, HasSubstr(line));
}

TEST(Metrics, OfOneNodeAlone) {
    const std::string text = told(three_booted(), "n2") + stage_metrics("n2", {{"hardware", 0.86}, {"join", 31.5}});
    EXPECT_THAT(text, HasSubstr("node=\"n2\""));
    EXPECT_THAT(text, Not(HasSubstr("node=\"n1\"")));
    EXPECT_THAT(text, Not(HasSubstr("pando_unverified_machines")));
    EXPECT_THAT(text, HasSubstr("pando_node_boot_stage_seconds{node=\"n2\",stage=\"hardware\"} 0.86\n"));
}

TEST(Metrics, WhatAMachineSaysCannotBreakALine) {
    Snapshot snapshot = three_booted();
    Report& boots = snapshot.heard.at("n3").report;
    boots.state = State::booting;
    boots.stage = {.name = "a\"b\\c\nd", .number = 1, .count = 12};
    EXPECT_THAT(told(snapshot), HasSubstr("pando_node_stage_number{node=\"n3\",stage=\"a\\\"b\\\\c\\nd\"} 1\n"));
}

TEST(Metrics, TheTableHasAllThatIsTold) {
    Snapshot snapshot = three_booted();
    snapshot.heard.at("n3").report.state = State::booting;
    snapshot.dropped = {{"garbage", 17}};
    const auto told_names = names_in(told(snapshot) + stage_metrics("n1", {{"join", 1}}));
    EXPECT_EQ(told_names, names_of_table());
}

TEST(Metrics, TheDocumentHasARowForEach) {
    const auto text = read_file(docs / "metrics.md");
    ASSERT_TRUE(text);
    for (const Metric& metric : metrics())
        EXPECT_THAT(*text,
                    ContainsRegex("\\| `" + std::string(metric.name) + "` \\| " + std::string(metric.type) + " \\|"));
    EXPECT_THAT(names_in(*text), IsSubsetOf(names_of_table()));
}

TEST(Metrics, DashboardAndAlertsAskForWhatThereIs) {
    const auto board = read_file(docs / "grafana/pando.json");
    const auto alerts = read_file(docs / "grafana/pando-alerts.yml");
    ASSERT_TRUE(board && alerts);
    std::set<std::string> asked;
    const auto json = nlohmann::json::parse(*board);
    for (const auto& panel : json.at("panels"))
        for (const auto& target : panel.at("targets")) asked.merge(names_in(target.at("expr").get<std::string>()));
    EXPECT_EQ(asked, names_of_table());  // nothing that is told is without a picture
    EXPECT_THAT(names_in(*alerts), IsSubsetOf(names_of_table()));
    EXPECT_GE(json.at("schemaVersion").get<int>(), 36);
}

}  // namespace
}  // namespace pando::report
