// SPDX-License-Identifier: GPL-2.0-or-later
#include "nodes/boot_times.h"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>

namespace pando::nodes {
namespace {

constexpr size_t width = 80;
constexpr size_t name_width = 10, bar_width = 40;
constexpr size_t nodes_in_a_row = 6, node_width = 10;

std::string cut(std::string text, size_t most = width) {
    for (char& byte : text)  // columns are counted in bytes
        if (byte < 0x20 || byte > 0x7e) byte = '?';
    if (text.size() > most) text = text.substr(0, most - 3) + "...";
    return text;
}

std::string seconds_text(double seconds) {
    return seconds < 100000 ? fmt::format("{:.2f}", seconds) : fmt::format("{:.0f}", seconds);
}

// The columns of the time from begin to end; what is there at all has one.
void draw(std::string& bar, const Try& tried, double all) {
    const double scale = all > 0 ? static_cast<double>(bar_width) / all : 0;
    const auto first = std::min(static_cast<size_t>(tried.begin * scale), bar_width - 1);
    const auto end = std::clamp(static_cast<size_t>(std::ceil(tried.end * scale)), first + 1, bar_width);
    for (size_t i = first; i < end; ++i) bar[i] = tried.failed ? 'x' : '#';
}

std::string bar_of(const Part& part, double all) {
    std::string bar(bar_width, ' ');
    for (const Try& tried : part.tries) draw(bar, tried, all);
    bar.erase(bar.find_last_not_of(' ') + 1);
    return bar;
}

std::string head_of(const BootTimes& times) {
    std::string text = cut(fmt::format("{}: boot {} was up {} s after its kernel started", times.node, times.number,
                                       seconds_text(times.seconds))) +
                       "\n";
    text += cut(fmt::format("  {}, kernel {}, bundle generation {}", times.which.when, times.which.kernel,
                            times.which.generation == 0 ? "unknown" : std::to_string(times.which.generation))) +
            "\n";
    if (times.before.empty()) return text + "  no boot before it is kept: nothing to compare it with\n";
    const double median = median_of(times.before);
    text +=
        fmt::format("  median of the {} before it: {} s, so {:+.2f} s{}\n", times.before.size(), seconds_text(median),
                    times.seconds - median, is_slower(times.seconds, median) ? ": slower" : "");
    std::string list = "  before, last first:";
    for (const double seconds : times.before) list += " " + seconds_text(seconds);
    return text + cut(list) + "\n";
}

std::string row_of(const Part& part, double all) {
    std::string median = "-", difference = "-";
    if (part.median_seconds) {
        median = seconds_text(*part.median_seconds);
        difference = difference_text(part.seconds, *part.median_seconds);
    }
    std::string row =
        fmt::format("{:<{}}{:>9}{:>9}{:>9}{} {}", cut(part.name, name_width - 1), name_width,
                    seconds_text(part.seconds), median, difference, part.slower() ? '!' : ' ', bar_of(part, all));
    row.erase(row.find_last_not_of(' ') + 1);
    return row + "\n";
}

std::string notes_of(const BootTimes& times) {
    std::string text;
    for (const Part& part : times.parts) {
        if (part.slower())
            text += cut(fmt::format("! {}: {:.2f} s slower than the median", part.name,
                                    part.seconds - *part.median_seconds)) +
                    "\n";
        const auto failed = std::count_if(part.tries.begin(), part.tries.end(), [](const Try& t) { return t.failed; });
        if (failed == 0) continue;
        text += cut(fmt::format("x {}: {} of {} tries failed, the last with:", part.name, failed, part.tries.size())) +
                "\n" + cut("  " + part.last_error) + "\n";
    }
    return text.empty() ? text : "\n" + text;
}

}  // namespace

std::string to_text(const BootTimes& times) {
    std::string text = head_of(times) + "\n";
    const std::string end = seconds_text(times.seconds) + " s";
    text += fmt::format("{:<{}}{:>9}{:>9}{:>9}  {:<{}}{}\n", "", name_width, "seconds", "median", "diff", "0",
                        bar_width - end.size(), end);
    for (const Part& part : times.parts) text += row_of(part, times.seconds);
    return text + notes_of(times);
}

std::string side_by_side(const std::vector<BootTimes>& nodes) {
    std::vector<std::string> names;
    const auto add = [&](const std::string& name) {
        if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    };
    for (const BootTimes& node : nodes)
        for (const Part& part : node.parts)
            if (part.name != "between" && part.name != "system") add(part.name);
    add("between");
    add("system");

    const auto seconds_in = [](const BootTimes& node, const std::string& name) -> std::optional<double> {
        for (const Part& part : node.parts)
            if (part.name == name) return part.seconds;
        if (name == "between") return 0.0;  // a boot without pauses
        return std::nullopt;
    };
    std::string text;
    const auto line = [&](std::string row) {
        row.erase(row.find_last_not_of(' ') + 1);
        text += row + "\n";
    };
    for (size_t first = 0; first < nodes.size(); first += nodes_in_a_row) {
        const size_t end = std::min(first + nodes_in_a_row, nodes.size());
        if (first > 0) text += "\n";
        std::string head = fmt::format("{:<{}}{:>9}", "", name_width, "median");
        for (size_t i = first; i < end; ++i)
            head += fmt::format("{:>{}} ", cut(nodes[i].node, node_width - 2), node_width - 1);
        line(head);
        const auto row = [&](const std::string& name, const auto& value) {
            std::vector<double> all;
            for (const BootTimes& node : nodes)
                if (const auto seconds = value(node)) all.push_back(*seconds);
            if (all.empty() || *std::max_element(all.begin(), all.end()) <= 0) return;
            const double median = median_of(all);
            std::string cells = fmt::format("{:<{}}{:>9}", cut(name, name_width - 1), name_width, seconds_text(median));
            for (size_t i = first; i < end; ++i) {
                const auto seconds = value(nodes[i]);
                cells += fmt::format("{:>{}}{}", seconds ? seconds_text(*seconds) : "-", node_width - 1,
                                     seconds && is_slower(*seconds, median) ? '!' : ' ');
            }
            line(cells);
        };
        for (const std::string& name : names) row(name, [&](const BootTimes& node) { return seconds_in(node, name); });
        row("all", [](const BootTimes& node) { return std::optional(node.seconds); });
    }
    return text + "! slower than the median over the nodes by more than 20 % and a second\n";
}

nlohmann::ordered_json to_json(const BootTimes& times) {
    nlohmann::ordered_json json = {{"node", times.node},
                                   {"cluster", times.cluster},
                                   {"number", times.number},
                                   {"boot", times.which.id},
                                   {"when", times.which.when},
                                   {"kernel", times.which.kernel},
                                   {"generation", times.which.generation},
                                   {"seconds", times.seconds},
                                   {"before", times.before}};
    json["parts"] = nlohmann::ordered_json::array();
    for (const Part& part : times.parts) {
        nlohmann::ordered_json row = {{"name", part.name}, {"seconds", part.seconds}};
        if (part.median_seconds) {
            row["median"] = *part.median_seconds;
            row["slower"] = part.slower();
        }
        if (!part.last_error.empty()) row["last-error"] = part.last_error;
        row["tries"] = nlohmann::ordered_json::array();
        for (const Try& tried : part.tries)
            row["tries"].push_back({{"begin", tried.begin}, {"end", tried.end}, {"failed", tried.failed}});
        json["parts"].push_back(std::move(row));
    }
    return json;
}

}  // namespace pando::nodes
