// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/view.h"

#include "base/number.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

namespace pando::report {
namespace {

int64_t seconds_of(Milliseconds span) { return std::max<int64_t>(span.count() / 1000, 0); }

std::string stage_text(const Stage& stage) {
    if (stage.name.empty()) return {};
    if (stage.count == 0) return stage.name;
    return fmt::format("{} {}/{}", stage.name, stage.number, stage.count);
}

// Nodes that others wait for.
std::set<std::string> fenced_by_others(const Snapshot& snapshot, Milliseconds up) {
    std::set<std::string> names;
    for (const auto& [node, heard] : snapshot.heard) {
        if (up - heard.last > silent_after) continue;
        std::istringstream words(heard.report.fencing);
        for (std::string word; words >> word;) names.insert(word);
    }
    return names;
}

// What a report says of its sender when it is no older than `age` seconds.
void tell_state(Line& line, const Report& report, int64_t age) {
    const Stage& stage = report.stage;
    line.word = name_of(report.state);
    switch (report.state) {
        case State::booting:
            line.state = fmt::format("{}, {}", stage_text(stage), span_text(stage.seconds + age));
            if (stage.attempt > 1) line.remarks.push_back(fmt::format("try {} of stage {}", stage.attempt, stage.name));
            if (!stage.waiting_for.empty()) line.remarks.push_back("waits for " + stage.waiting_for);
            if (stage.deadline != 0)
                line.remarks.push_back(
                    fmt::format("stage {} may take {}; then {}", stage.name, span_text(stage.deadline), stage.then));
            break;
        case State::failed:
            line.state = "FAILED " + stage_text(stage);
            line.remarks.push_back(stage.error);
            if (!stage.advice.empty()) line.remarks.push_back("-> " + stage.advice);
            if (!stage.waiting_for.empty()) line.remarks.push_back("waits for " + stage.waiting_for);
            if (!stage.then.empty()) line.remarks.push_back("then " + stage.then);
            break;
        case State::left:
            line.word = "off";
            line.state = fmt::format("off, {}", span_text(age));
            break;
        case State::booted:
            line.state = fmt::format("booted, {}", span_text(report.up + age));
            if (report.root != "frozen" && report.root != "suspended") break;
            line.word = "frozen";
            line.state = fmt::format("frozen, {}", span_text(report.frozen + age));
            break;
        default:
            line.state = line.word;
    }
}

void tell_node(Line& line, const Report& report, uint64_t newest) {
    if (report.votes)
        line.quorum = fmt::format("{} {}/{}", report.votes->quorate ? "yes" : "NO", report.votes->present,
                                  report.votes->expected);
    line.root = report.root;
    if (!report.frozen_for.empty()) line.remarks.push_back("its root waits for " + report.frozen_for);
    if (!report.chroot.empty()) line.chroot = report.chroot == "ok" ? "ok" : "drift";
    if (line.chroot == "drift") line.remarks.push_back("chroot: " + report.chroot);
    if (report.fence_test) line.fence = span_text(*report.fence_test);
    if (report.fence_failing != 0) line.fence = fmt::format("{} FAIL", report.fence_failing);
    if (report.generation != 0) line.generation = std::to_string(report.generation);
    if (report.generation != 0 && report.generation < newest)
        line.remarks.push_back(
            fmt::format("goes by generation {} of the description, {} is the newest", report.generation, newest));
    if (report.reboot_changes != 0) {
        line.generation += "*";
        line.remarks.push_back(fmt::format("a reboot changes {} key{}: {}", report.reboot_changes,
                                           report.reboot_changes == 1 ? "" : "s", report.reboot_keys));
    }
    if (report.faults != 0)
        line.remarks.push_back(
            fmt::format("{} fault{}: {}", report.faults, report.faults == 1 ? "" : "s", report.fault));
}

void tell_silence(Line& line, const Report& report, int64_t age) {
    Line last;
    tell_state(last, report, 0);
    line.word = "silent";
    line.state = fmt::format("silent, {}", span_text(age));
    line.remarks.push_back("its last word: " + last.state);
    for (std::string& remark : last.remarks) line.remarks.push_back(std::move(remark));
}

Line line_of(const std::string& node, const Heard* heard, bool fenced, Milliseconds up, uint64_t newest) {
    Line line;
    line.node = node;
    if (heard == nullptr) {
        line.word = fenced ? "fencing" : "silent";
        line.state = line.word;
        line.remarks.push_back(fenced ? "the others wait until it is fenced" : "nothing was heard of it");
        return line;
    }
    const Report& report = heard->report;
    const int64_t age = seconds_of(up - heard->last);
    line.age = age;
    line.machine = !report.serial.empty() ? report.serial : report.mac;
    const bool silent = up - heard->last > silent_after;
    if (silent && report.state != State::left)
        tell_silence(line, report, age);
    else
        tell_state(line, report, age);
    if (!silent) tell_node(line, report, newest);
    if (fenced && line.word != "booting") {
        line.word = "fencing";
        line.state = "fencing";
        line.remarks.insert(line.remarks.begin(), "the others wait until it is fenced");
    }
    if (heard->clock_off != 0)
        line.remarks.push_back(fmt::format("its clock is {} {} this one, or somebody sends its old reports again",
                                           span_text(std::abs(heard->clock_off)),
                                           heard->clock_off > 0 ? "behind" : "ahead of"));
    line.well = line.word == "booted" && report.votes && report.votes->quorate && report.root == "mounted" &&
                report.faults == 0 && heard->clock_off == 0;
    return line;
}

Line unverified_line(const Heard& heard, Milliseconds up) {
    Line line = line_of("?", &heard, false, up, 0);
    if (line.machine.empty()) line.machine = heard.from;
    line.remarks.insert(line.remarks.begin(),
                        fmt::format("unverified: a machine without a key says so; MAC {}, serial {}, from {}",
                                    heard.report.mac.empty() ? "?" : heard.report.mac,
                                    heard.report.serial.empty() ? "?" : heard.report.serial, heard.from));
    line.well = false;
    return line;
}

void tell_notes(View& view, const Snapshot& snapshot, Milliseconds up) {
    if (up - snapshot.written > collector_patience)
        view.notes.push_back(fmt::format("these reports are {} old: nobody collects them any more",
                                         span_text(seconds_of(up - snapshot.written))));
    std::string dropped;
    for (const auto& [why, count] : snapshot.dropped)
        dropped += fmt::format("{}{} {}", dropped.empty() ? "" : ", ", count, why);
    if (!dropped.empty()) view.notes.push_back("packets that were dropped: " + dropped);
}

// Words to lines of at most `width`; one that is longer is cut in two.
std::vector<std::string> wrapped(const std::string& text, size_t width) {
    std::vector<std::string> lines(1);
    std::istringstream words(text);
    for (std::string word; words >> word;) {
        if (!lines.back().empty() && lines.back().size() + 1 + word.size() > width) lines.emplace_back();
        if (!lines.back().empty()) lines.back() += ' ';
        lines.back() += word;
        while (lines.back().size() > width) {
            std::string rest = lines.back().substr(width);
            lines.back().resize(width);
            lines.push_back(std::move(rest));
        }
    }
    return lines;
}

// A terminal may know nothing but ASCII.
std::string ascii(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x80 && byte < 0xc0) continue;  // the rest of a character
        out += byte < 0x20 || byte >= 0x7f ? '?' : c;
    }
    return out;
}

constexpr size_t columns = 8;
using Cells = std::array<std::string, columns>;

Cells cells_of(const Line& line) {
    Cells cells = {line.node, line.machine, line.state, line.quorum,
                   line.root, line.chroot,  line.fence, line.generation};
    for (std::string& cell : cells) cell = cell.empty() ? "-" : ascii(cell);
    return cells;
}

// Widths that fit: what is widest and least needed gives way first (the machine, then the node's name).
std::array<size_t, columns> widths_of(const std::vector<Cells>& rows, size_t width) {
    std::array<size_t, columns> widths{};
    for (const Cells& row : rows)
        for (size_t i = 0; i < columns; ++i) widths.at(i) = std::max(widths.at(i), row.at(i).size());
    constexpr size_t least = 7;
    for (const size_t column : {1, 0, 2}) {
        size_t total = columns - 1;
        for (const size_t one : widths) total += one;
        if (total <= width) break;
        widths.at(column) = std::max(std::min(least, widths.at(column)),
                                     widths.at(column) - std::min(widths.at(column), total - width));
    }
    return widths;
}

std::string cut(const std::string& text, size_t width) {
    return text.size() <= width ? text : text.substr(0, width - 1) + "~";
}

}  // namespace

std::string span_text(int64_t seconds) {
    constexpr int64_t minute = 60, hour = 60 * minute, day = 24 * hour;
    if (seconds < 2 * minute) return fmt::format("{} s", seconds);
    if (seconds < 2 * hour) return fmt::format("{} min", seconds / minute);
    if (seconds < 2 * day) return fmt::format("{} h", seconds / hour);
    return fmt::format("{} d", seconds / day);
}

View view_of(const Snapshot& snapshot, const Reader& reader) {
    const Milliseconds up = reader.boot == snapshot.boot ? reader.up : snapshot.written;
    View view{.cluster = snapshot.cluster, .generation = snapshot.generation};
    const auto fenced = fenced_by_others(snapshot, up);
    for (const std::string& node : snapshot.nodes) {
        const auto at = snapshot.heard.find(node);
        const Heard* const heard = at == snapshot.heard.end() ? nullptr : &at->second;
        view.lines.push_back(line_of(node, heard, fenced.count(node) != 0, up, snapshot.generation));
    }
    view.well = std::all_of(view.lines.begin(), view.lines.end(), [](const Line& line) { return line.well; });
    for (const Heard& heard : snapshot.unverified) view.lines.push_back(unverified_line(heard, up));
    if (up - snapshot.written > collector_patience) view.well = false;
    tell_notes(view, snapshot, up);
    return view;
}

std::string to_text(const View& view, size_t width) {
    std::vector<Cells> rows = {{"node", "machine", "state", "quorum", "root", "chroot", "fence", "gen"}};
    for (const Line& line : view.lines) rows.push_back(cells_of(line));
    const auto widths = widths_of(rows, width);
    std::string text;
    for (size_t row = 0; row < rows.size(); ++row) {
        std::string line;
        for (size_t i = 0; i < columns; ++i)
            line += fmt::format("{}{:<{}}", i == 0 ? "" : " ", cut(rows[row].at(i), widths.at(i)), widths.at(i));
        text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
        if (row == 0) continue;
        for (const std::string& remark : view.lines[row - 1].remarks)
            for (const std::string& part : wrapped(ascii(remark), std::max<size_t>(width, 20) - 4))
                text += "    " + part + "\n";
    }
    for (const std::string& note : view.notes)
        for (const std::string& part : wrapped(ascii(note), std::max<size_t>(width, 20))) text += part + "\n";
    return text;
}

std::string to_json(const View& view, const Snapshot& snapshot, const Reader& reader) {
    using nlohmann::json;
    const Milliseconds up = reader.boot == snapshot.boot ? reader.up : snapshot.written;
    json out = {{"cluster", view.cluster},     {"generation", view.generation},
                {"healthy", view.well},        {"written_seconds_ago", seconds_of(up - snapshot.written)},
                {"nodes", json::array()},      {"unverified", json::array()},
                {"dropped", snapshot.dropped}, {"notes", view.notes}};
    for (size_t i = 0; i < view.lines.size(); ++i) {
        const Line& line = view.lines[i];
        const bool verified = i < snapshot.nodes.size();
        json one = {{"state", line.word}, {"healthy", line.well}, {"says", line.state}, {"remarks", line.remarks}};
        if (line.age) one["age_seconds"] = *line.age;
        const auto at = snapshot.heard.find(line.node);
        const Heard* const heard = !verified                    ? &snapshot.unverified[i - snapshot.nodes.size()]
                                   : at == snapshot.heard.end() ? nullptr
                                                                : &at->second;
        if (verified) one["node"] = line.node;
        if (heard != nullptr) {
            one["report"] = report::to_json(heard->report);
            one["from"] = heard->from;
        }
        out[verified ? "nodes" : "unverified"].push_back(std::move(one));
    }
    return out.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace pando::report
