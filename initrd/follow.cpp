// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/follow.h"

#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/number.h"
#include "config/register.h"
#include "config/slots.h"
#include "initrd/beat.h"
#include "initrd/notify.h"
#include "initrd/timeline.h"

#include <poll.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <csignal>

namespace pando::initrd {
namespace {

// Says a trouble when it begins and when it changes, not at every beat.
class Trouble {
public:
    void tell(const Result<>& done) {
        const std::string what = done ? "" : done.error().what;
        if (what == last_) return;
        if (done)
            log::info("the trouble is over");
        else
            log::write(done.error());
        last_ = what;
    }

private:
    std::string last_;
};

constexpr Milliseconds say_interval{5000};

bool is_booted() {
    const auto timeline = Timeline::load();
    return timeline && timeline->state == "booted";
}

uint64_t generation_of(const char* file) { return whole_number<uint64_t>(read_line(file).value_or("")).value_or(0); }

class Follower {
public:
    static Result<Follower> create(const std::filesystem::path& bundle_partition, uint32_t id) {
        Follower follower;
        follower.store_ = TRY(open_store(bundle_partition));
        auto claim = TRY(config::read_claim(*follower.store_, id));
        if (!claim) return fail("node id {} has no claim on {}", id, bundle_partition.string());
        if (claim->boot != TRY(read_line("/proc/sys/kernel/random/boot_id"))) return taken(*claim);
        follower.claim_ = std::move(*claim);
        return follower;
    }

    Result<> beat_once() {
        if (claim_.state == config::ClaimState::booting && is_booted()) claim_.state = config::ClaimState::up;
        claim_.generation = generation_of(generation_file);
        const auto other = TRY(beat(*store_, claim_));
        if (!other) return {};
        if (!joined_) return taken(*other);
        // We are a member: the other has taken us for dead, and finds out before it joins.
        log::warning("another machine has claimed node {} (serial {}, at {}); it is ours, and claimed again",
                     claim_.node, other->machine.identity.serial.value_or("?"), other->machine.address);
        claim_.beat = other->beat + 1;
        return config::write_claim(*store_, claim_);
    }

    void joined() { joined_ = true; }

    // Only that a newer one is there: it may be torn yet, and who takes it over looks closer. Said again until it was
    // taken: whoever should have heard it may not have been there, or could not do it then.
    Result<> look_for_newer() {
        const uint64_t newest = TRY(config::peek_generation(*store_));
        if (newest <= claim_.generation || !say_again_.passed()) return {};
        say_again_ = Deadline::after(say_interval);
        return write_file_atomic(newer_file, fmt::format("{}\n", newest));
    }

    void once() {
        beats_.tell(beat_once());
        looks_.tell(look_for_newer());
    }

    Result<> give_back() {
        joined_ = false;
        claim_.state = config::ClaimState::left;
        return beat_once();
    }

private:
    static Failure taken(const config::Claim& other) {
        return fail("node {} is claimed by another machine: serial {}, UUID {}, at {}", other.node,
                    other.machine.identity.serial.value_or("?"), other.machine.identity.uuid.value_or("?"),
                    other.machine.address)
            .advise("two machines must not be one node: switch one of them off");
    }

    std::unique_ptr<Store> store_;
    config::Claim claim_;
    bool joined_ = false;  // corosync may run from here on
    Trouble beats_, looks_;
    Deadline say_again_ = Deadline::after(Milliseconds(0));
};

Result<> follow(const std::filesystem::path& bundle_partition, uint32_t id) {
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigprocmask(SIG_BLOCK, &ends, nullptr);
    const UniqueFd signals(signalfd(-1, &ends, SFD_CLOEXEC));
    if (!signals.valid()) return fail_errno(errno, "waiting for signals");
    auto follower = TRY(Follower::create(bundle_partition, id));
    // Whoever waits for this process must not wait for swap.
    if (mlockall(MCL_CURRENT | MCL_FUTURE) < 0) return fail_errno(errno, "locking memory");
    TRY(follower.beat_once());
    follower.joined();
    TRY(report_ready());
    for (pollfd asked{signals.get(), POLLIN, 0}; (asked.revents & POLLIN) == 0;) {
        if (poll(&asked, 1, static_cast<int>(config::beat_interval.count())) == 0) follower.once();
    }
    return follower.give_back();
}

}  // namespace

int follow_main(const std::filesystem::path& bundle_partition, uint32_t id) {
    const auto done = follow(bundle_partition, id);
    if (done) return 0;
    log::write(done.error());
    return 1;
}

}  // namespace pando::initrd
