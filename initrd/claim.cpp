// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/claim.h"

#include "base/log.h"
#include "initrd/machine_record.h"

#include <poll.h>

namespace pando::initrd {
namespace {

constexpr Milliseconds look_interval{500};

// Until the other's beat grows (true), or patience is over.
Result<bool> is_alive(Store& store, const config::Claim& other, Deadline deadline) {
    if (deadline.remaining() < config::beat_patience)
        return fail("too little time is left to see whether another machine runs as node {}", other.node)
            .kind(ErrorKind::timeout)
            .advise("boot this machine again; stage identity needs some seconds");
    const Deadline patience = deadline.capped(config::beat_patience);
    while (!patience.passed()) {
        (void)poll(nullptr, 0, patience.capped(look_interval).poll_timeout());
        const auto now = TRY(config::read_claim(store, other.id));
        if (now && (now->boot != other.boot || now->beat != other.beat)) return now->state != config::ClaimState::left;
    }
    return false;
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

Result<config::Claim> take_claim(Store& store, config::Claim mine, Deadline deadline) {
    const auto there = TRY(config::read_claim(store, mine.id));
    if (there) {
        mine.beat = there->beat;
        const bool free = there->state == config::ClaimState::left || there->boot == mine.boot ||
                          same_hardware(there->machine, mine.machine);
        if (!free) {
            log::info(
                "identity: node {} was last claimed by another machine ({}); watching for {:.1f} s whether it lives",
                mine.node, describe(there->machine), static_cast<double>(config::beat_patience.count()) / 1000);
            if (TRY(is_alive(store, *there, deadline))) return Failure(held_by_other(*there));
        }
    }
    mine.beat += 1;
    TRY(config::write_claim(store, mine));
    return mine;
}

}  // namespace pando::initrd
