// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/report.h"

#include "base/printable.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace pando::report {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 6> states = {"booting", "failed", "starting", "booted", "leaving", "left"};

// Bytes of each text; together with the figures they fit into a packet, or encode() cuts the longest ones further.
constexpr size_t short_text = 40, long_text = 320;

std::string on_one_line(std::string text) {
    std::replace(text.begin(), text.end(), '\n', ' ');
    return text;
}

void put(json& to, const char* key, const std::string& text, size_t limit) {
    if (!text.empty()) to[key] = plain_text(on_one_line(text), limit);
}

template <typename Number>
void put_number(json& to, const char* key, Number number) {
    if (number != 0) to[key] = number;
}

std::string text_at(const json& from, const char* key, size_t limit) {
    const auto at = from.find(key);
    return at != from.end() && at->is_string() ? plain_text(at->get_ref<const std::string&>(), limit) : std::string();
}

template <typename Number>
Number number_at(const json& from, const char* key) {
    const auto at = from.find(key);
    if (at == from.end() || !at->is_number_unsigned()) return 0;
    const auto value = at->get<uint64_t>();
    return static_cast<Number>(std::min<uint64_t>(value, std::numeric_limits<Number>::max()));
}

bool is_true(const json& from, const char* key) {
    const auto at = from.find(key);
    return at != from.end() && at->is_boolean() && at->get<bool>();
}

json to_json(const Stage& stage) {
    json out = json::object();
    put(out, "name", stage.name, short_text);
    put_number(out, "number", stage.number);
    put_number(out, "count", stage.count);
    put_number(out, "attempt", stage.attempt);
    put_number(out, "seconds", stage.seconds);
    put_number(out, "deadline", stage.deadline);
    put(out, "waiting_for", stage.waiting_for, long_text);
    put(out, "error", stage.error, long_text);
    put(out, "advice", stage.advice, long_text);
    put(out, "then", stage.then, long_text / 2);
    return out;
}

Stage stage_of(const json& from) {
    Stage stage;
    stage.name = text_at(from, "name", short_text);
    stage.number = number_at<uint32_t>(from, "number");
    stage.count = number_at<uint32_t>(from, "count");
    stage.attempt = number_at<uint32_t>(from, "attempt");
    stage.seconds = number_at<uint32_t>(from, "seconds");
    stage.deadline = number_at<uint32_t>(from, "deadline");
    stage.waiting_for = text_at(from, "waiting_for", long_text);
    stage.error = text_at(from, "error", long_text);
    stage.advice = text_at(from, "advice", long_text);
    stage.then = text_at(from, "then", long_text / 2);
    return stage;
}

}  // namespace

std::string_view name_of(State state) { return states.at(static_cast<size_t>(state)); }

json to_json(const Report& report) {
    json out = {{"state", name_of(report.state)}};
    put(out, "node", report.node, short_text + 24);  // a host label has up to 63 bytes
    put(out, "mac", report.mac, short_text);
    put(out, "serial", report.serial, short_text);
    put(out, "address", report.address, short_text);
    if (!report.stage.name.empty()) out["stage"] = to_json(report.stage);
    put_number(out, "up", report.up);
    if (report.votes)
        out["votes"] = {{"quorate", report.votes->quorate},
                        {"present", report.votes->present},
                        {"expected", report.votes->expected},
                        {"needed", report.votes->needed}};
    put(out, "root", report.root, short_text);
    put_number(out, "frozen", report.frozen);
    put(out, "frozen_for", report.frozen_for, long_text / 2);
    put(out, "fencing", report.fencing, long_text / 2);
    if (report.fence_test) out["fence_test"] = *report.fence_test;
    put_number(out, "fence_failing", report.fence_failing);
    put(out, "chroot", report.chroot, long_text / 2);
    put_number(out, "generation", report.generation);
    put_number(out, "reboot_changes", report.reboot_changes);
    put(out, "reboot_keys", report.reboot_keys, long_text / 2);
    put_number(out, "faults", report.faults);
    put(out, "fault", report.fault, long_text / 2);
    return out;
}

std::optional<Report> report_of(const json& from) {
    if (!from.is_object()) return std::nullopt;
    const auto state = std::find(states.begin(), states.end(), text_at(from, "state", short_text));
    if (state == states.end()) return std::nullopt;
    Report report;
    report.state = static_cast<State>(state - states.begin());
    report.node = text_at(from, "node", short_text + 24);
    report.mac = text_at(from, "mac", short_text);
    report.serial = text_at(from, "serial", short_text);
    report.address = text_at(from, "address", short_text);
    if (const auto at = from.find("stage"); at != from.end() && at->is_object()) report.stage = stage_of(*at);
    report.up = number_at<uint32_t>(from, "up");
    if (const auto at = from.find("votes"); at != from.end() && at->is_object())
        report.votes = Votes{is_true(*at, "quorate"), number_at<uint32_t>(*at, "present"),
                             number_at<uint32_t>(*at, "expected"), number_at<uint32_t>(*at, "needed")};
    report.root = text_at(from, "root", short_text);
    report.frozen = number_at<uint32_t>(from, "frozen");
    report.frozen_for = text_at(from, "frozen_for", long_text / 2);
    report.fencing = text_at(from, "fencing", long_text / 2);
    if (from.contains("fence_test")) report.fence_test = number_at<uint32_t>(from, "fence_test");
    report.fence_failing = number_at<uint32_t>(from, "fence_failing");
    report.chroot = text_at(from, "chroot", long_text / 2);
    report.generation = number_at<uint64_t>(from, "generation");
    report.reboot_changes = number_at<uint32_t>(from, "reboot_changes");
    report.reboot_keys = text_at(from, "reboot_keys", long_text / 2);
    report.faults = number_at<uint32_t>(from, "faults");
    report.fault = text_at(from, "fault", long_text / 2);
    return report;
}

}  // namespace pando::report
