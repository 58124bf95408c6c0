// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/claim.h"

#include "base/log.h"
#include "config/beat_patience.h"
#include "initrd/beat.h"
#include "initrd/boot_control.h"
#include "initrd/machine_record.h"
#include "initrd/stages.h"

#include <poll.h>
#include <algorithm>

namespace pando::initrd {
namespace {

constexpr Milliseconds look_interval{500};

double seconds(Milliseconds span) { return static_cast<double>(span.count()) / 1000; }

// Until the other's beat grows (true), its claim is given back or cleared (false), or patience is over (false).
Result<bool> is_alive(Store& store, const config::Claim& other, Milliseconds patience, Deadline deadline) {
    if (deadline.remaining() < patience)
        return fail("{:.1f} s are too little to see whether another machine runs as node {}",
                    seconds(deadline.remaining()), other.node)
            .kind(ErrorKind::timeout)
            .advise(fmt::format("boot this machine again; stage identity needs {:.1f} s for it (boot.stages)",
                                seconds(patience)));
    config::BeatPatience watch(patience, deadline);
    for (bool was_gone = false; !watch.over();) {
        (void)poll(nullptr, 0, watch.poll_timeout(look_interval));
        const auto now = TRY(watch.look([&] { return config::read_claim(store, other.id); }));
        if (!now && was_gone) return false;
        was_gone = !now;  // one look alone may have met a write half done
        if (!now) continue;
        if (now->boot != other.boot || now->beat != other.beat) return now->state != config::ClaimState::left;
    }
    return false;
}

// Says how long the other is watched, and why.
Milliseconds announce_watch(const config::Claim& other, Milliseconds booting) {
    const bool boots = other.state == config::ClaimState::booting;
    const Milliseconds patience = boots ? booting : config::beat_patience;
    waiting_for("a sign of life of the machine that node " + other.node + " ran on");
    log::info("identity: node {} was last claimed by another machine ({}); watching for {:.1f} s whether it lives{}",
              other.node, describe(other.machine), seconds(patience),
              boots ? ": it was booting, and a machine that boots has no beat before stage join" : "");
    return patience;
}

}  // namespace

Error held_by_other(const config::Claim& other) {
    return bad_input("node {} runs on another machine: {}{}", other.node, describe(other.machine),
                     other.machine.address.empty() ? "" : ", at " + other.machine.address)
        .advise(
            fmt::format("two machines must not be one node: switch one of them off; to move node {} to this machine, "
                        "switch that one off, then on another node: pando node replace {} --with …",
                        other.node, other.node))
        .error();
}

Milliseconds booting_patience(const config::Cluster& cluster) {
    const auto& stages = boot_stages();
    const auto named = [](std::string_view name) { return [name](const Stage& stage) { return stage.name == name; }; };
    const auto claimed = std::find_if(stages.begin(), stages.end(), named("identity"));
    const auto beats = std::find_if(claimed, stages.end(), named("join"));
    Milliseconds span = config::beat_patience;  // join's own way to the beat
    for (auto stage = std::next(claimed); stage != beats; ++stage) {
        const auto set = cluster.boot.stages.find(std::string(stage->name));
        span += set == cluster.boot.stages.end() ? stage->deadline : set->second.deadline.value_or(stage->deadline);
    }
    return span;
}

Result<config::Claim> take_claim(Store& store, config::Claim mine, Milliseconds booting, Deadline deadline) {
    const auto there = TRY(config::read_claim(store, mine.id));
    if (there) {
        mine.beat = there->beat;
        const bool free = there->state == config::ClaimState::left || there->boot == mine.boot ||
                          same_hardware(there->machine, mine.machine);
        if (!free && TRY(is_alive(store, *there, announce_watch(*there, booting), deadline)))
            return Failure(held_by_other(*there));
    }
    mine.beat += 1;
    TRY(config::write_claim(store, mine));
    return mine;
}

Result<> give_back_claim(Store& store, uint32_t id, const std::string& boot) {
    auto claim = TRY(config::read_claim(store, id));
    if (!claim || claim->boot != boot) return {};
    claim->state = config::ClaimState::left;
    (void)TRY(beat(store, *claim));
    return {};
}

}  // namespace pando::initrd
