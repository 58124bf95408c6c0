// SPDX-License-Identifier: GPL-2.0-or-later
// Takes datagrams from anybody and keeps what is worth keeping: the last report of each node of the description, and a
// few machines that have no key yet. Whatever comes, its memory is bounded by the description.
//
//   Collector collector(plan);
//   collector.take(datagram, "192.0.2.12", {since_boot(), wall_clock()});
//   write_file_atomic(snapshot_file, to_text(collector.snapshot(since_boot())));
#pragma once

#include "report/plan.h"
#include "report/snapshot.h"

#include <deque>
#include <map>

namespace pando::report {

struct Now {
    Milliseconds up{0};  // since the kernel started
    uint64_t wall = 0;   // milliseconds since 1970
};
Now now();

// A report younger than this is news: nothing older takes its place.
constexpr Milliseconds fresh = std::chrono::seconds(30);
constexpr uint64_t clock_patience = 600'000;  // milliseconds that a sender's clock may be away
constexpr size_t most_unverified = 16;
constexpr Milliseconds unverified_patience = std::chrono::hours(1);

class Collector {
public:
    explicit Collector(Plan plan, std::string boot = {}) : plan_(std::move(plan)), boot_(std::move(boot)) {}

    // Of a newer description. Nodes that are gone are forgotten.
    void go_by(Plan plan);
    const Plan& plan() const { return plan_; }

    void take(std::string_view datagram, const std::string& from, Now now);
    Snapshot snapshot(Milliseconds up) const;

private:
    struct Known {
        Heard heard;
        BootId boot{};
        uint64_t counter = 0, time = 0;
        std::deque<BootId> earlier;  // boots that are over, a few
    };
    void drop(std::string_view why) { ++dropped_[std::string(why)]; }
    void take_signed(Packet packet, const std::string& from, Now now);
    void take_unverified(Packet packet, const std::string& from, Now now);

    Plan plan_;
    std::string boot_;
    std::map<std::string, Known> known_;  // nodes of the description only
    std::deque<Heard> unverified_;
    std::map<std::string, uint64_t> dropped_;  // a handful of reasons
};

}  // namespace pando::report
