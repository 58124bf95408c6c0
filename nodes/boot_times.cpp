// SPDX-License-Identifier: GPL-2.0-or-later
#include "nodes/boot_times.h"

#include <fmt/format.h>
#include <algorithm>

namespace pando::nodes {
namespace {

constexpr double worth_telling = 1.0;  // seconds
constexpr double slower_by = 1.2;
constexpr double shortest_gap = 0.0005;  // times are told in milliseconds

Part& part_of(std::vector<Part>& parts, const std::string& name) {
    for (Part& part : parts)
        if (part.name == name) return part;
    return parts.emplace_back(Part{.name = name});
}

const Part* find_part(const std::vector<Part>& parts, const std::string& name) {
    for (const Part& part : parts)
        if (part.name == name) return &part;
    return nullptr;
}

void take(std::vector<Part>& parts, const std::string& name, Try tried) {
    Part& part = part_of(parts, name);
    part.seconds += tried.end - tried.begin;
    part.tries.push_back(tried);
}

}  // namespace

bool is_slower(double seconds, double median) {
    return seconds > median * slower_by && seconds > median + worth_telling;
}

std::string difference_text(double seconds, double median) {
    const std::string text = fmt::format("{:+.2f}", seconds - median);
    return text == "-0.00" ? "+0.00" : text;
}

bool Part::slower() const { return median_seconds && is_slower(seconds, *median_seconds); }

double median_of(std::vector<double> values) {
    if (values.empty()) return 0;
    std::sort(values.begin(), values.end());
    const size_t middle = values.size() / 2;
    return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

BootTimes times_of(const initrd::KeptBoot& boot) {
    BootTimes times{
        .number = boot.number, .which = boot.which, .node = boot.timeline.node, .cluster = boot.timeline.cluster};
    double until = 0;  // all before has its part
    std::string before = "kernel";
    for (const initrd::StageRecord& record : boot.timeline.stages) {
        const double begin = std::max(record.start, until), end = std::max(record.end, begin);
        const bool up = record.name == "booted";
        if (begin > until + shortest_gap || before == "kernel")
            take(times.parts, up ? "system" : before == "kernel" ? before : "between", {until, begin, false});
        if (!up) {
            take(times.parts, record.name, {begin, end, record.result == "failed"});
            if (record.result == "failed") part_of(times.parts, record.name).last_error = record.error;
        }
        before = record.name;
        until = end;
    }
    times.seconds = until;
    // Pauses stand where the boot had the first of them, which may be amid the stages: last but for systemd.
    const auto between =
        std::find_if(times.parts.begin(), times.parts.end(), [](const Part& part) { return part.name == "between"; });
    if (between != times.parts.end()) {
        const auto system = std::find_if(times.parts.begin(), times.parts.end(),
                                         [](const Part& part) { return part.name == "system"; });
        if (between < system) std::rotate(between, between + 1, system);
    }
    return times;
}

std::optional<BootTimes> compare_boots(const std::vector<initrd::KeptBoot>& boots, size_t most) {
    if (boots.empty()) return std::nullopt;
    BootTimes last = times_of(boots.back());
    std::vector<BootTimes> others;
    for (size_t i = boots.size() - 1; i > 0 && others.size() < most; --i) others.push_back(times_of(boots[i - 1]));
    for (const BootTimes& other : others) last.before.push_back(other.seconds);
    for (Part& part : last.parts) {
        std::vector<double> seconds, begins;
        for (const BootTimes& other : others) {
            const Part* same = find_part(other.parts, part.name);
            if (same != nullptr) begins.push_back(same->tries.front().begin);
            // A boot without pauses had them for no time; a stage that it did not have says nothing.
            if (same != nullptr || part.name == "between") seconds.push_back(same == nullptr ? 0 : same->seconds);
        }
        if (!seconds.empty()) part.median_seconds = median_of(seconds);
        part.median_begin = begins.empty() ? part.tries.front().begin : median_of(begins);
    }
    return last;
}

}  // namespace pando::nodes
