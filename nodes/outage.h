// SPDX-License-Identifier: GPL-2.0-or-later
// Why a node was away: its outages, each with what was seen of it, in order, and what follows from that.
//
//   const auto outages = find_outages(seen);
//   fmt::print("{}", to_text(outages.back()));
#pragma once

#include "fencing/history.h"
#include "nodes/membership_log.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pando::nodes {

// What one source tells of one moment.
struct Sight {
    int64_t at = 0;      // milliseconds since 1970
    std::string where;   // a node's name
    std::string source;  // "corosync", "fence_pando", "kernel", a program's name in the journal
    std::string text;
};

// The kernel's log that a node left in pstore when it ended (initrd/last_end.h).
struct LeftLog {
    int64_t at = 0;
    std::string reason;
};

struct Seen {
    std::string node;
    uint32_t id = 0;
    std::string here;                       // whose corosync.log it is
    int64_t now = 0;                        // milliseconds since 1970
    std::vector<MembershipChange> changes;  // of all nodes
    std::vector<fencing::Record> fencings;  // of all nodes
    std::vector<LeftLog> left_logs;         // of this node
};

struct Outage {
    enum class Kind {
        orderly,     // it said that it goes
        reset,       // it reset itself, and left the reason
        panicked,    // its kernel did, and left its log
        by_person,   // somebody fenced it, or switched it off
        fell_silent  // nobody heard from it, and it left nothing
    };
    std::string node;
    Kind kind = Kind::fell_silent;
    int64_t begin = 0;             // when the others missed it
    std::optional<int64_t> end;    // when it was a member again
    bool known_by_members = true;  // false: corosync's log does not reach back to it, and the end is not known
    bool fenced = false, fence_failed = false;
    std::vector<Sight> sights;
    std::string why;     // one sentence
    std::string advice;  // what to look at; may be empty
};

// Oldest first. None: nothing that is kept tells of one.
std::vector<Outage> find_outages(const Seen& seen);

// Into their place by time; what is older than a few minutes before the outage is left out.
void add_sights(Outage& outage, std::vector<Sight> sights);

std::string to_text(const Outage& outage);
std::string to_json(const std::vector<Outage>& outages);

}  // namespace pando::nodes
