// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/drill_report.h"

#include "base/file.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace pando::initrd {
namespace {

using Json = nlohmann::json;

// Agents say what they like, in whatever bytes.
std::string text_of(const Json& document) {
    return document.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

double rounded(double seconds) { return static_cast<double>(static_cast<int64_t>(seconds * 1000 + 0.5)) / 1000; }

}  // namespace

bool DrillReport::held() const {
    return !rows.empty() && std::all_of(rows.begin(), rows.end(), [](const DrillRow& row) { return row.held; });
}

std::string to_text(const DrillReport& report) {
    size_t width = 4;
    for (const auto& row : report.rows) width = std::max(width, row.what.size());
    std::string text = fmt::format("\ndrill on {}: the root ({}) was suspended for {:.1f} s, {} s were asked for\n",
                                   report.node, report.map, report.suspended, report.asked);
    text += fmt::format("{:8} {:{}}  {:>7}  {:>7}  {}\n", "RESULT", "WHAT", width, "AT", "TOOK", "SAYS");
    for (const auto& row : report.rows)
        text += fmt::format("{:8} {:{}}  {:5.1f} s  {:5.1f} s  {}\n", row.held ? "ok" : "NOT OK", row.what, width,
                            row.begun, row.took, row.says);
    text += report.held() ? "all of it held: this node keeps quorum and can fence while its root is frozen\n"
                          : "NOT ALL OF IT HELD: see the lines that say NOT OK\n";
    return text;
}

std::string to_json(const DrillReport& report) {
    auto rows = Json::array();
    for (const auto& row : report.rows)
        rows.push_back({{"what", row.what},
                        {"held", row.held},
                        {"at_seconds", rounded(row.begun)},
                        {"took_seconds", rounded(row.took)},
                        {"says", row.says}});
    return text_of({{"state", "over"},
                    {"node", report.node},
                    {"map", report.map},
                    {"held", report.held()},
                    {"asked_seconds", report.asked},
                    {"begun_seconds", rounded(report.begun)},
                    {"suspended_seconds", rounded(report.suspended)},
                    {"checks", std::move(rows)}});
}

std::string running_drill(const std::string& node, Milliseconds release_at) {
    return text_of({{"state", "running"}, {"node", node}, {"release_at_ms", release_at.count()}});
}

std::optional<Milliseconds> drill_time_left(const std::filesystem::path& file) {
    const auto text = read_file(file);
    if (!text) return std::nullopt;
    const auto document = Json::parse(*text, nullptr, false);
    if (!document.is_object() || document.value("state", "") != "running") return std::nullopt;
    const Milliseconds left = Milliseconds(document.value("release_at_ms", int64_t{0})) - since_boot();
    return left.count() > 0 ? std::optional(left) : std::nullopt;
}

}  // namespace pando::initrd
