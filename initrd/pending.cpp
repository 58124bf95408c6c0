// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/pending.h"

#include "base/log.h"
#include "config/register.h"
#include "config/slots.h"
#include "initrd/boot_control.h"
#include "initrd/machine_record.h"
#include "initrd/stage_functions.h"

#include <poll.h>
#include <map>
#include <optional>
#include <set>

namespace pando::initrd {
namespace {

uint64_t whole_seconds(Milliseconds span) { return static_cast<uint64_t>(span.count() / 1000); }

// The record by which operators see this machine: `pando node pending`.
class Waiting {
public:
    Waiting(Boot& boot, Deadline deadline) : boot_(boot), deadline_(deadline), begin_(since_boot()) {
        mine_.boot = boot_id();
    }
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;
    ~Waiting() {
        if (block_) (void)config::clear_pending(*boot_.store, *block_, mine_.boot);
    }

    Result<> tell() {
        mine_.machine = machine_record(boot_.machine, boot_.arguments.boot_mac.value_or(""),
                                       boot_.arguments.address ? boot_.arguments.address->address : "");
        mine_.beat += 1;
        mine_.waited = whole_seconds(since_boot() - begin_);
        mine_.left = whole_seconds(deadline_.remaining());
        // A record whose beat stands still is of a machine that is gone; its block may be had.
        const auto all = TRY(config::read_pending(*boot_.store));
        stale_.clear();
        for (const config::Pending& other : all) {
            Seen& seen = seen_[other.boot];
            if (seen.beat != other.beat) seen = {other.beat, since_boot()};
            if (since_boot() - seen.at > config::beat_patience) stale_.push_back(other);
        }
        block_ = TRY(config::write_pending(*boot_.store, mine_, stale_));
        return {};
    }

private:
    struct Seen {
        uint64_t beat = UINT64_MAX;
        Milliseconds at{0};
    };
    Boot& boot_;
    Deadline deadline_;
    Milliseconds begin_;
    config::Pending mine_;
    std::optional<size_t> block_;
    std::map<std::string, Seen> seen_;
    std::vector<config::Pending> stale_;
};

std::set<std::string> macs_of(const hwdetect::Machine& machine) {
    std::set<std::string> macs;
    for (const auto& nic : machine.nics) macs.insert(nic.mac);
    return macs;
}

// True when a newer description was read.
Result<bool> look_for_newer(Boot& boot) {
    if (TRY(config::peek_generation(*boot.store)) <= boot.bundle->generation) return false;
    auto newest = TRY(config::read_newest(*boot.store, boot.arguments.cluster));
    if (newest.generation <= boot.bundle->generation) return false;  // the newer one is just being written
    TRY(take_bundle(boot, std::move(newest)));
    log::info("identity: generation {} of the description is there", boot.bundle->generation);
    return true;
}

// True when there is another NIC than before.
bool look_for_nics(Boot& boot, const MachineReader& read) {
    auto machine = read();
    if (!machine || macs_of(*machine) == macs_of(boot.machine)) return false;
    boot.machine = std::move(*machine);
    log::info("identity: the NICs have changed: {}", hwdetect::describe(boot.machine));
    return true;
}

void announce(const Error& why, Deadline deadline) {
    log::warning("identity: PENDING");
    log::write(why);
    log::hint(
        "or, on any node: pando node pending; then: pando node replace NODE --pending, or: pando node add NODE "
        "--pending");
    log::info("identity: waits {} s for that, and goes on by itself", whole_seconds(deadline.remaining()));
}

}  // namespace

Result<> identify_or_wait(Boot& boot, const MachineReader& read, Deadline deadline) {
    auto identity = hwdetect::identify(boot.machine, *boot.cluster);
    std::optional<Waiting> waiting;
    std::string said;  // the last trouble with the LUN
    while (!identity && !deadline.passed()) {
        if (!waiting) {
            announce(identity.error(), deadline);
            boot.timeline.detail(fmt::format("pending: {}", identity.error().what));
            waiting.emplace(boot, deadline);
            waiting_for("an operator who binds this machine, pending, to a node");
        }
        auto told = waiting->tell();
        auto newer = told ? look_for_newer(boot) : Result<bool>(Failure(told.error()));
        if (!newer && newer.error().what != said) log::write(newer.error());
        said = newer ? "" : newer.error().what;
        if (look_for_nics(boot, read) || (newer && *newer)) {
            identity = hwdetect::identify(boot.machine, *boot.cluster);
            if (!identity) log::write(identity.error());
            continue;
        }
        // The LUN tells nobody that it was written to.
        (void)poll(nullptr, 0, deadline.capped(config::beat_interval).poll_timeout());
    }
    if (!identity) return Failure(identity.error());
    boot.identity = *identity;
    return {};
}

}  // namespace pando::initrd
