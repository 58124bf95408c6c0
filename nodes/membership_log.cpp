// SPDX-License-Identifier: GPL-2.0-or-later
#include "nodes/membership_log.h"

#include "base/number.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <ctime>
#include <optional>

namespace pando::nodes {
namespace {

using Kind = MembershipChange::Kind;

constexpr std::string_view stamp = "Nov 23 13:30:36.348 ";
constexpr std::array months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

struct Moment {
    std::tm parts{};
    int milliseconds = 0;
};

std::optional<Moment> moment_of(std::string_view line) {
    if (line.size() < stamp.size() || line[15] != '.') return std::nullopt;
    Moment moment;
    const auto month = std::find(months.begin(), months.end(), line.substr(0, 3));
    if (month == months.end()) return std::nullopt;
    const auto number = [&](size_t at, size_t length) {
        if (line[at] == ' ') ++at, --length;  // "Nov  3"
        return whole_number<int>(line.substr(at, length)).value_or(-1);
    };
    moment.parts.tm_mon = static_cast<int>(month - months.begin());
    moment.parts.tm_mday = number(4, 2);
    moment.parts.tm_hour = number(7, 2);
    moment.parts.tm_min = number(10, 2);
    moment.parts.tm_sec = number(13, 2);
    moment.milliseconds = number(16, 3);
    moment.parts.tm_isdst = -1;
    if (moment.parts.tm_mday < 1 || moment.parts.tm_hour < 0 || moment.parts.tm_min < 0 || moment.parts.tm_sec < 0 ||
        moment.milliseconds < 0)
        return std::nullopt;
    return moment;
}

// " 2 3 left: 1": numbers, up to the first word.
std::vector<uint32_t> ids_behind(std::string_view text, std::string_view word) {
    std::vector<uint32_t> ids;
    size_t at = text.find(word);
    if (at == std::string_view::npos) return ids;
    for (at += word.size(); at < text.size();) {
        const size_t begin = text.find_first_not_of(' ', at);
        if (begin == std::string_view::npos) break;
        const size_t end = std::min(text.find(' ', begin), text.size());
        const auto id = whole_number<uint32_t>(text.substr(begin, end - begin));
        if (!id) break;
        ids.push_back(*id);
        at = end;
    }
    return ids;
}

// "…[TOTEM ] A new membership …" -> what is behind the bracket.
std::string_view message_of(std::string_view line) {
    const size_t bracket = line.find("] ", line.find(" corosync "));
    return bracket == std::string_view::npos ? std::string_view() : line.substr(bracket + 2);
}

void add(std::vector<MembershipChange>& changes, std::string_view text) {
    const auto take = [&](Kind kind, std::vector<uint32_t> ids) {
        if (!ids.empty()) changes.push_back({kind, 0, std::move(ids), std::string(text)});
    };
    if (text.starts_with("link: host:") && text.ends_with("is down"))
        take(Kind::link_down, ids_behind(text, "host:"));
    else if (text.starts_with("Token has not been received"))
        changes.push_back({Kind::silent, 0, {}, std::string(text)});
    else if (text.starts_with("Node ") && text.find("was shut down") != std::string_view::npos)
        take(Kind::leaving, ids_behind(text, "Node"));
    else if (text.starts_with("A new membership")) {
        take(Kind::left, ids_behind(text, "left:"));
        take(Kind::joined, ids_behind(text, "joined:"));
    } else if (text.starts_with("Failed to receive the leave message"))
        take(Kind::failed, ids_behind(text, "failed:"));
}

}  // namespace

bool MembershipChange::names(uint32_t id) const { return std::find(ids.begin(), ids.end(), id) != ids.end(); }

std::vector<MembershipChange> read_membership_log(std::string_view log, int last_year) {
    std::vector<MembershipChange> changes;
    std::vector<Moment> moments;
    while (!log.empty()) {
        const size_t end = std::min(log.find('\n'), log.size());
        const std::string_view line = log.substr(0, end);
        log.remove_prefix(std::min(end + 1, log.size()));
        const auto moment = moment_of(line);
        if (!moment) continue;
        add(changes, message_of(line).substr(0, message_of(line).find_last_not_of(" \r") + 1));
        moments.resize(changes.size(), *moment);
    }
    // From the end, where the year is known: a month that is later than the one behind it is of the year before.
    int year = last_year, month = moments.empty() ? 0 : moments.back().parts.tm_mon;
    for (size_t i = changes.size(); i-- > 0;) {
        Moment& moment = moments[i];
        if (moment.parts.tm_mon > month) --year;
        month = moment.parts.tm_mon;
        moment.parts.tm_year = year - 1900;
        changes[i].at = static_cast<int64_t>(timegm(&moment.parts)) * 1000 + moment.milliseconds;
    }
    return changes;
}

}  // namespace pando::nodes
