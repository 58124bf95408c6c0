// SPDX-License-Identifier: GPL-2.0-or-later
#include "nodes/outage.h"

#include "base/utc.h"

#include <fmt/format.h>
#include <algorithm>
#include <nlohmann/json.hpp>

namespace pando::nodes {
namespace {

using Kind = Outage::Kind;
using Change = MembershipChange::Kind;

constexpr int64_t second = 1000;          // milliseconds
constexpr int64_t before = 120 * second;  // so long before the others missed it, what led to it is looked for
constexpr int64_t late_log = 5 * second;  // a log in pstore has whole seconds, by the node's own clock

std::string clock_of(int64_t at) {
    const std::string whole = utc(at / second);  // 2026-11-23T13:30:36Z
    return fmt::format("{}.{:03}", whole.substr(11, 8), at % second);
}

std::string span_text(int64_t milliseconds) {
    const int64_t seconds = (milliseconds + second / 2) / second;
    if (seconds < 120) return fmt::format("{} s", seconds);
    if (seconds < 7200) return fmt::format("{} min {} s", seconds / 60, seconds % 60);
    return fmt::format("{} h {} min", seconds / 3600, seconds % 3600 / 60);
}

bool within(int64_t at, const Outage& outage, int64_t now) {
    return at >= outage.begin - before && at <= outage.end.value_or(now) + late_log;
}

// Which outages corosync tells of. A node that was not there when its log begins is not missed by it.
std::vector<Outage> by_members(const Seen& seen) {
    std::vector<Outage> outages;
    for (const MembershipChange& change : seen.changes) {
        if (!change.names(seen.id)) continue;
        const bool away = !outages.empty() && !outages.back().end;
        if (change.kind == Change::left && !away)
            outages.push_back({.node = seen.node, .kind = Kind::orderly, .begin = change.at, .end = {}});
        if (change.kind == Change::failed && away) outages.back().kind = Kind::fell_silent;
        if (change.kind == Change::joined && away) outages.back().end = change.at;
    }
    return outages;
}

Outage* outage_at(std::vector<Outage>& outages, int64_t at, int64_t now) {
    const auto it = std::find_if(outages.rbegin(), outages.rend(), [&](const Outage& o) { return within(at, o, now); });
    return it == outages.rend() ? nullptr : &*it;
}

// An outage that only a fencing, or the log the node left, tells of.
Outage& outage_for(std::vector<Outage>& outages, const Seen& seen, int64_t at) {
    if (Outage* known = outage_at(outages, at, seen.now)) return *known;
    Outage fresh{.node = seen.node, .begin = at, .end = at, .known_by_members = false};
    const auto behind = std::find_if(outages.begin(), outages.end(), [&](const Outage& o) { return o.begin > at; });
    return *outages.insert(behind, std::move(fresh));
}

std::string words_of(const fencing::Record& record) {
    std::string lines = fencing::to_text({fencing::to_line(record)});
    const size_t behind_time = record.when.size() + 1;
    lines = lines.substr(std::min(behind_time, lines.size()), lines.find('\n') - behind_time);
    return lines;
}

void take_fencing(std::vector<Outage>& outages, const Seen& seen, const fencing::Record& record) {
    if (record.node != seen.node || (record.kind != "fence" && record.kind != "confirm" && record.kind != "power"))
        return;
    const int64_t ended = seconds_of_utc(record.when).value_or(0) * second;
    const int64_t began = ended - static_cast<int64_t>(record.seconds * static_cast<double>(second));
    Outage& outage = outage_for(outages, seen, began);
    if (record.kind == "fence") (record.ok ? outage.fenced : outage.fence_failed) = true;
    const bool by_person = record.by != fencing::by_dlm_controld;
    if (by_person && outage.kind != Kind::orderly && began <= outage.begin + second) outage.kind = Kind::by_person;
    outage.sights.push_back({ended, record.here, "fence_pando", words_of(record)});
}

void take_left_log(std::vector<Outage>& outages, const Seen& seen, const LeftLog& log) {
    Outage& outage = outage_for(outages, seen, log.at);
    outage.kind = log.reason.starts_with("this machine reset itself") ? Kind::reset : Kind::panicked;
    outage.why = log.reason;
    outage.sights.push_back({log.at, seen.node, "its last log", log.reason});
}

void take_changes(std::vector<Outage>& outages, const Seen& seen) {
    for (const MembershipChange& change : seen.changes) {
        const bool of_all = change.kind == Change::silent;
        if (!of_all && !change.names(seen.id)) continue;
        Outage* outage = outage_at(outages, change.at, seen.now);
        if (outage == nullptr || !outage->known_by_members) continue;
        if (of_all && change.at > outage->begin) continue;
        outage->sights.push_back({change.at, seen.here, "corosync", change.text});
    }
}

void conclude(Outage& outage) {
    switch (outage.kind) {
        case Kind::orderly:
            outage.why = "it left in order: it was stopped or rebooted, and nobody had to fence it";
            break;
        case Kind::reset:
        case Kind::panicked:
            outage.advice = fmt::format("the kernel's log of it: /var/log/pando/end-*.log on {}", outage.node);
            break;
        case Kind::by_person:
            outage.why = "somebody fenced it while it ran: the reason is below";
            break;
        case Kind::fell_silent:
            outage.why =
                "nobody heard from it any more, and it left no log: its power, its machine, its link, or a kernel that "
                "stood still";
            outage.advice = "its BMC's event log (ipmitool sel elist), the switch's port, its console at that time";
            break;
    }
    if (outage.fence_failed && !outage.fenced) {
        outage.why += "; it could not be fenced, and all waited for that";
        outage.advice = "pando fence test says which device does not do its work; pando fence history has each attempt";
    }
}

}  // namespace

std::vector<Outage> find_outages(const Seen& seen) {
    std::vector<Outage> outages = by_members(seen);
    for (const fencing::Record& record : seen.fencings) take_fencing(outages, seen, record);
    for (const LeftLog& log : seen.left_logs) take_left_log(outages, seen, log);
    take_changes(outages, seen);
    for (Outage& outage : outages) {
        conclude(outage);
        add_sights(outage, {});
    }
    return outages;
}

void add_sights(Outage& outage, std::vector<Sight> sights) {
    for (Sight& sight : sights)
        if (sight.at >= outage.begin - before) outage.sights.push_back(std::move(sight));
    std::stable_sort(outage.sights.begin(), outage.sights.end(),
                     [](const Sight& a, const Sight& b) { return a.at < b.at; });
}

std::string to_text(const Outage& outage) {
    std::string text = fmt::format("{}: away since {}", outage.node, utc(outage.begin / second));
    if (!outage.known_by_members)
        text = fmt::format("{}: away at {}; until when is not known", outage.node, utc(outage.begin / second));
    else if (outage.end)
        text = fmt::format("{}: away for {}, from {} to {}", outage.node, span_text(*outage.end - outage.begin),
                           utc(outage.begin / second), utc(*outage.end / second));
    text += fmt::format("\n  why: {}\n", outage.why);
    if (!outage.advice.empty()) text += fmt::format("  -> {}\n", outage.advice);
    size_t where = 0;
    for (const Sight& sight : outage.sights) where = std::max(where, sight.where.size());
    for (const Sight& sight : outage.sights)
        text += fmt::format("  {}  {:<{}}  {}: {}\n", clock_of(sight.at), sight.where, where, sight.source, sight.text);
    return text;
}

std::string to_json(const std::vector<Outage>& outages) {
    constexpr const char* kinds[] = {"orderly", "reset", "panicked", "by-person", "fell-silent"};
    auto list = nlohmann::ordered_json::array();
    for (const Outage& outage : outages) {
        nlohmann::ordered_json json = {{"node", outage.node},
                                       {"kind", kinds[static_cast<size_t>(outage.kind)]},
                                       {"begin", utc(outage.begin / second)}};
        if (outage.known_by_members && outage.end) {
            json["end"] = utc(*outage.end / second);
            json["seconds"] = static_cast<double>(*outage.end - outage.begin) / static_cast<double>(second);
        }
        json["fenced"] = outage.fenced;
        json["why"] = outage.why;
        json["events"] = nlohmann::ordered_json::array();
        for (const Sight& sight : outage.sights)
            json["events"].push_back(
                {{"at", fmt::format("{}T{}Z", utc(sight.at / second).substr(0, 10), clock_of(sight.at))},
                 {"node", sight.where},
                 {"source", sight.source},
                 {"text", sight.text}});
        list.push_back(std::move(json));
    }
    return list.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace pando::nodes
