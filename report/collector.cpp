// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/collector.h"

#include <algorithm>
#include <chrono>

namespace pando::report {
namespace {

constexpr size_t most_earlier = 8;

uint64_t apart(uint64_t one, uint64_t other) { return one > other ? one - other : other - one; }

// Seconds that the sender's clock is behind ours; never 0, as it is doubtful for another reason then.
int64_t clock_behind(uint64_t sender, uint64_t ours) {
    const auto seconds = static_cast<int64_t>(apart(sender, ours) / 1000);
    return sender > ours ? -std::max<int64_t>(seconds, 1) : std::max<int64_t>(seconds, 1);
}

bool same_machine(const Report& one, const Report& other) { return one.mac == other.mac && one.serial == other.serial; }

}  // namespace

Now now() {
    const auto wall = std::chrono::system_clock::now().time_since_epoch();
    return {since_boot(), static_cast<uint64_t>(std::chrono::duration_cast<Milliseconds>(wall).count())};
}

void Collector::go_by(Plan plan) {
    plan_ = std::move(plan);
    std::erase_if(known_, [&](const auto& one) { return plan_.find(one.first) == nullptr; });
}

void Collector::take(std::string_view datagram, const std::string& from, Now now) {
    auto packet = decode(datagram, plan_.key);
    if (!packet) return drop(name_of(packet.error()));
    if (packet->is_signed && !packet->report.node.empty())
        take_signed(std::move(*packet), from, now);
    else
        take_unverified(std::move(*packet), from, now);
}

// A packet that was seen on the wire can be sent again by anybody. Within a boot the counter refuses it, and a boot
// that was followed by another is over. What remains is a boot that this collector has never seen: its clock tells,
// and where that is doubtful, it stands back behind whatever is fresh, and is shown as doubtful.
void Collector::take_signed(Packet packet, const std::string& from, Now now) {
    if (plan_.find(packet.report.node) == nullptr) return drop("unknown_node");
    const auto at = known_.find(packet.report.node);
    bool doubtful = apart(packet.time, now.wall) > clock_patience;
    if (at != known_.end()) {
        Known& known = at->second;
        const bool same_boot = packet.boot == known.boot;
        const bool over = std::find(known.earlier.begin(), known.earlier.end(), packet.boot) != known.earlier.end();
        if (over || (same_boot && packet.counter <= known.counter)) return drop("replayed");
        if (!same_boot && packet.time <= known.time) doubtful = true;
        const bool is_fresh = now.up - known.heard.last < fresh;
        if (doubtful && !same_boot && is_fresh && known.heard.clock_off == 0) return drop("replayed");
        // A doubtful one does not end the boot before it, which may be the true one and only was not heard.
        if (!same_boot && !doubtful) {
            known.earlier.push_back(known.boot);
            if (known.earlier.size() > most_earlier) known.earlier.pop_front();
        }
    }
    // It has a key now.
    std::erase_if(unverified_, [&](const Heard& one) { return same_machine(one.report, packet.report); });
    Known& known = known_[packet.report.node];
    known.boot = packet.boot;
    known.counter = packet.counter;
    known.time = packet.time;
    known.heard = {std::move(packet.report), now.up, doubtful ? clock_behind(packet.time, now.wall) : 0, from};
}

// Anybody can send these: they say no more than that somebody claims to be that machine. A machine that shouts does not
// push out those before it within their time.
void Collector::take_unverified(Packet packet, const std::string& from, Now now) {
    std::erase_if(unverified_, [&](const Heard& one) { return now.up - one.last > unverified_patience; });
    Heard heard{std::move(packet.report), now.up, 0, from};
    const auto known = std::find_if(unverified_.begin(), unverified_.end(),
                                    [&](const Heard& one) { return same_machine(one.report, heard.report); });
    if (known != unverified_.end()) {
        *known = std::move(heard);
        return;
    }
    if (unverified_.size() >= most_unverified) return drop("too_many_unverified");
    unverified_.push_front(std::move(heard));
}

Snapshot Collector::snapshot(Milliseconds up) const {
    Snapshot snapshot{.cluster = plan_.cluster, .generation = plan_.generation, .boot = boot_, .written = up};
    for (const Member& node : plan_.nodes) snapshot.nodes.push_back(node.name);
    for (const auto& [node, known] : known_) {
        snapshot.heard[node] = known.heard;
        // A boot server's description has no number: the newest that anybody goes by is the cluster's.
        snapshot.generation = std::max(snapshot.generation, known.heard.report.generation);
    }
    for (const Heard& heard : unverified_)
        if (up - heard.last <= unverified_patience) snapshot.unverified.push_back(heard);
    snapshot.dropped = dropped_;
    return snapshot;
}

}  // namespace pando::report
