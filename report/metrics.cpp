// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/metrics.h"

#include <algorithm>
#include <array>
#include <map>

namespace pando::report {
namespace {

// One metric's lines stay together, as the format wants it.
class Text {
public:
    void add(std::string_view metric, std::string_view labels, double value) {
        lines_[metric] += fmt::format("{}{{{}}} {}\n", metric, labels, value);
    }
    void add(std::string_view metric, double value) { lines_[metric] += fmt::format("{} {}\n", metric, value); }

    std::string text() const {
        std::string text;
        for (const Metric& metric : metrics()) {
            const auto lines = lines_.find(metric.name);
            if (lines == lines_.end()) continue;
            text += fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n{3}", metric.name, metric.help, metric.type,
                                lines->second);
        }
        return text;
    }

private:
    std::map<std::string_view, std::string> lines_;
};

std::string label(std::string_view name, std::string_view value) {
    std::string text = fmt::format("{}=\"", name);
    for (const char c : value) {
        if (c == '\\' || c == '"') text += '\\';
        if (c == '\n')
            text += "\\n";
        else
            text += c;
    }
    return text + '"';
}

constexpr std::array states = {"silent", "off",    "booting", "failed", "starting",
                               "booted", "frozen", "fencing", "leaving"};

void tell_report(Text& text, const std::string& node, const Line& line, const Report& report) {
    const auto seconds = [](auto span) { return static_cast<double>(span); };
    text.add("pando_node_up_seconds", node, seconds(report.up));
    if (line.word == "booting" || line.word == "failed") {
        const std::string stage = node + "," + label("stage", report.stage.name);
        text.add("pando_node_stage_number", stage, report.stage.number);
        text.add("pando_node_stage_seconds", stage, seconds(report.stage.seconds));
    }
    if (report.votes) {
        text.add("pando_node_quorate", node, report.votes->quorate ? 1 : 0);
        text.add("pando_node_votes_present", node, report.votes->present);
        text.add("pando_node_votes_expected", node, report.votes->expected);
        text.add("pando_node_votes_needed", node, report.votes->needed);
    }
    if (!report.root.empty()) {
        text.add("pando_node_root_writable", node, report.root == "mounted" ? 1 : 0);
        text.add("pando_node_root_frozen_seconds", node, seconds(report.frozen));
    }
    if (report.fence_test) text.add("pando_node_fence_test_age_seconds", node, seconds(*report.fence_test));
    if (!report.chroot.empty()) {
        text.add("pando_node_fence_tests_failing", node, report.fence_failing);
        text.add("pando_node_chroot_ok", node, report.chroot == "ok" ? 1 : 0);
        text.add("pando_node_faults", node, report.faults);
    }
    if (report.generation != 0) text.add("pando_node_description_generation", node, seconds(report.generation));
    text.add("pando_node_reboot_changes", node, report.reboot_changes);
}

}  // namespace

const std::vector<Metric>& metrics() {
    static const std::vector<Metric> table = {
        {"pando_node_state", "gauge", "1 for the state that the node is in, 0 for the others."},
        {"pando_node_healthy", "gauge", "1: booted, quorate, its root mounted and no fault of its own."},
        {"pando_node_report_age_seconds", "gauge", "Since the node's last report."},
        {"pando_node_up_seconds", "gauge", "Since the node's kernel started, as its last report says."},
        {"pando_node_stage_number", "gauge", "The stage of the boot that runs or has failed, from 1."},
        {"pando_node_stage_seconds", "gauge", "How long that stage has run, or since it failed."},
        {"pando_node_boot_stage_seconds", "gauge", "What each stage of the node's last boot took."},
        {"pando_node_quorate", "gauge", "1: the node is in the part of the cluster that has quorum."},
        {"pando_node_votes_present", "gauge", "Votes that the node sees."},
        {"pando_node_votes_expected", "gauge", "Votes that there should be."},
        {"pando_node_votes_needed", "gauge", "Votes that quorum takes."},
        {"pando_node_root_writable", "gauge", "1: the shared root is mounted and can be written now."},
        {"pando_node_root_frozen_seconds", "gauge", "How long the root has stood still; 0: it does not."},
        {"pando_node_fencing_wanted", "gauge", "1: other nodes wait until this one is fenced."},
        {"pando_node_fence_test_age_seconds", "gauge", "Since the oldest last test of a fence device by this node."},
        {"pando_node_fence_tests_failing", "gauge", "Fence devices whose last test by this node failed."},
        {"pando_node_chroot_ok", "gauge", "0: the fencing chroot is not where the description wants it."},
        {"pando_node_faults", "gauge", "Faults that pando status --here counts on the node."},
        {"pando_node_description_generation", "gauge", "Generation of the description that the node goes by."},
        {"pando_node_reboot_changes", "gauge", "Keys of the description that the node's next boot takes over."},
        {"pando_description_generation", "gauge", "Generation of the description that the collector goes by."},
        {"pando_unverified_machines", "gauge",
         "Machines without a key that have reported: blades early in their boot."},
        {"pando_reports_dropped_total", "counter", "Packets that were no report of this cluster, by reason."},
    };
    return table;
}

std::string to_metrics(const View& view, const Snapshot& snapshot, std::string_view only) {
    Text text;
    for (const Line& line : view.lines) {
        const bool verified =
            std::find(snapshot.nodes.begin(), snapshot.nodes.end(), line.node) != snapshot.nodes.end();
        if (!verified || (!only.empty() && line.node != only)) continue;
        const std::string node = label("node", line.node);
        for (const char* state : states)
            text.add("pando_node_state", node + "," + label("state", state), line.word == state ? 1 : 0);
        text.add("pando_node_healthy", node, line.well ? 1 : 0);
        text.add("pando_node_fencing_wanted", node, line.word == "fencing" ? 1 : 0);
        if (line.age) text.add("pando_node_report_age_seconds", node, static_cast<double>(*line.age));
        // Of a node that is silent or off only what it was last is known.
        const auto heard = snapshot.heard.find(line.node);
        if (heard != snapshot.heard.end() && line.word != "silent" && line.word != "off")
            tell_report(text, node, line, heard->second.report);
    }
    if (only.empty() && snapshot.generation != 0)
        text.add("pando_description_generation", static_cast<double>(snapshot.generation));
    if (only.empty()) text.add("pando_unverified_machines", static_cast<double>(snapshot.unverified.size()));
    for (const auto& [why, count] : snapshot.dropped)
        text.add("pando_reports_dropped_total", label("reason", why), static_cast<double>(count));
    return text.text();
}

std::string stage_metrics(std::string_view node, const std::vector<StageTime>& stages) {
    Text text;
    for (const StageTime& one : stages)
        text.add("pando_node_boot_stage_seconds", label("node", node) + "," + label("stage", one.stage), one.seconds);
    return text.text();
}

}  // namespace pando::report
