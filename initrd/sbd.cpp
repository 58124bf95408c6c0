// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/sbd.h"

#include "base/log.h"
#include "chroot-builder/manifest.h"
#include "config/register.h"
#include "hwdetect/coldplug.h"
#include "hwdetect/inventory_parts.h"
#include "initrd/boot.h"
#include "initrd/boot_control.h"
#include "initrd/bundle_disk.h"
#include "initrd/sbd_disk.h"
#include "initrd/watch_rules.h"
#include "initrd/watchdog.h"

#include <poll.h>
#include <algorithm>
#include <filesystem>

namespace pando::initrd {
namespace {

namespace fs = std::filesystem;

// A card's driver is loaded in the background of a boot; longer it is not waited for.
constexpr Milliseconds card_patience{30000};
constexpr Milliseconds look_interval{500};
// It reads its slot every second, and looks at what it is told then.
constexpr Milliseconds unready_patience{10000};

// sbd's own. Its cluster and Pacemaker checks are off: dlm_controld asks no Pacemaker, and the watch sees corosync.
// There is no cgroup in the chroot that it could move to.
const std::map<std::string, std::string> environment = {{"SBD_PACEMAKER", "no"},
                                                        {"SBD_SYNC_RESOURCE_STARTUP", "no"},
                                                        {"SBD_MOVE_TO_ROOT_CGROUP", "no"},
                                                        {"LD_PRELOAD", chroot::memory_lock}};

// As the dlm's links: there is no udev here, and the description cannot know the kernel's name of the disk.
Result<> make_link(const config::Storage& storage) {
    const fs::path partition = TRY(find_sbd_partition(TRY(Sysroot::open("/")), storage));
    std::error_code ec;
    if (fs::read_symlink(config::sbd_partition_link, ec) == partition.filename()) return {};  // sbd may open it now
    fs::remove(config::sbd_partition_link, ec);
    fs::create_symlink(partition.filename(), config::sbd_partition_link, ec);
    if (ec) return fail_errno(ec.value(), "creating {}", config::sbd_partition_link);
    return {};
}

// Those that joined: sbd runs there, by the header that is on the disk. One that still boots has read nothing yet.
Result<std::vector<std::string>> others_up(const Boot& boot) {
    const auto store = TRY(open_store(TRY(find_bundle_partition(boot.cluster->storage))));
    const auto alive = TRY(config::who_is_alive(*store));
    std::vector<std::string> names;
    for (const config::Claim& claim : TRY(config::read_claims(*store))) {
        const auto at = alive.find(claim.boot);
        if (claim.node != boot.node().name && claim.state == config::ClaimState::up && at != alive.end() && at->second)
            names.push_back(claim.node);
    }
    return names;
}

Result<hwdetect::WatchdogInfo> wait_for_card(const Boot& boot, Deadline deadline) {
    const config::Watchdog wanted = boot.cluster->watchdog_of(boot.node());
    if (wanted.mode == "softdog") {
        TRY(hwdetect::load_modules({"softdog"}));
        log::warning("sbd: the watchdog is the kernel's own, and dies with the kernel");
    }
    WatchSettings settings;
    settings.mode = wanted.mode;
    settings.device = wanted.device.value_or("");
    const auto root = TRY(Sysroot::open("/"));
    waiting_for("a watchdog card, which sbd needs");
    for (;;) {
        if (auto card = choose_watchdog(hwdetect::read_watchdog_infos(root), settings)) return std::move(*card);
        if (deadline.passed())
            return fail("node {} is fenced by sbd and has no {}", boot.node().name,
                        wanted.mode == "softdog" ? "software watchdog" : "watchdog card that its kernel knows")
                .advise(
                    "without one nothing resets it when its kernel hangs, and a message counts as read all the same: "
                    "pando hw probe names the cards; watchdog.mode: softdog is the kernel's own");
        (void)poll(nullptr, 0, deadline.capped(look_interval).poll_timeout());  // sysfs tells nobody
    }
}

// It is opened once to see that nobody else has it, and what it really takes: sbd never looks.
Result<> try_card(const hwdetect::WatchdogInfo& card, unsigned seconds) {
    constexpr std::string_view advice =
        "watchdog.timeout as every card takes it (pando hw probe), written with all nodes down, or another card: "
        "watchdog.device";
    if (const std::string fault = card_fault(card, seconds); !fault.empty())
        return fail("watchdog {} ({}): {}", card.device, card.identity, fault).advise(std::string(advice));
    auto opened = TRY(Watchdog::open("/dev/" + card.device, seconds));
    const unsigned timeout = opened.timeout();
    if (const auto released = opened.release(); !released) log::write(released.error());
    if (timeout != seconds)
        return fail("watchdog {} ({}) takes {} s in place of sbd's {} s", card.device, card.identity, timeout, seconds)
            .advise(std::string(advice));
    return {};
}

bool is_started(const Boot& boot) { return boot.sbd && boot.sbd->running(); }

// Of a try of this stage whose patience ended before sbd was ready: nobody knows what it has read, and it has the card.
Result<> end_unready(Deadline deadline) {
    const auto ended = end_sbd(deadline.capped(unready_patience));
    if (ended) return {};
    return Failure(ended.error().context("ending an sbd that did not become ready"))
        .advise("it hangs in the kernel, which waits for the LUN: pando-boot retry when the LUN answers, or reboot");
}

}  // namespace

std::vector<std::string> sbd_command(const SbdPlan& plan) {
    std::vector<std::string> argv = {"/usr/sbin/sbd"};
    for (const std::string& disk : plan.disks) argv.insert(argv.end(), {"-d", disk});
    // -S 0: a message that fenced the boot before is cleared, or the node would never come back.
    argv.insert(argv.end(), {"-w", plan.watchdog, "-n", plan.slot, "-p", sbd_pid_file, "-S", "0", "-s", "10", "-r",
                             "noflush,reboot", "watch"});
    return argv;
}

std::string card_fault(const hwdetect::WatchdogInfo& card, unsigned seconds) {
    const unsigned taken = timeout_for(card, std::chrono::seconds(seconds));
    if (taken == seconds) return {};
    return fmt::format("it takes {} to {} s, and sbd's time is {} s on all nodes",
                       std::max(card.min_timeout.value_or(1), 1U),
                       card.max_timeout ? std::to_string(*card.max_timeout) : "any", seconds);
}

Result<std::optional<SbdPlan>> plan_sbd(Boot& boot, Deadline deadline) {
    if (!config::uses_sbd(*boot.cluster)) return std::optional<SbdPlan>();
    TRY(make_link(boot.cluster->storage));  // who is not fenced so fences others
    const config::FenceDevice* device = config::sbd_device(boot.node());
    if (device == nullptr) return std::optional<SbdPlan>();
    SbdPlan plan{config::sbd_slot(*device), config::sbd_disks(*device), {}, config::sbd_times(*boot.cluster)};
    const auto card = TRY(wait_for_card(boot, deadline.capped(card_patience)));
    plan.watchdog = "/dev/" + card.device;
    if (is_started(boot)) return std::optional(std::move(plan));  // a stage's second try
    TRY(end_unready(deadline));
    TRY(try_card(card, plan.times.watchdog));
    const SbdRunner run = [&](const std::vector<std::string>& argv, Deadline until) {
        return boot.survival->run(argv, "", until);
    };
    for (const std::string& disk : plan.disks) {
        const auto done = TRY(prepare_sbd_disk(
            run, disk, plan.times, [&] { return others_up(boot); }, deadline));
        log::info("sbd: {}: {}", disk, done);
    }
    return std::optional(std::move(plan));
}

Result<> start_sbd(Boot& boot, const SbdPlan& plan, Deadline deadline) {
    if (is_started(boot)) return {};
    waiting_for("sbd to read its slot on " + plan.disks.front());
    auto starter = TRY(boot.survival->start(sbd_command(plan), environment));
    // It ends when the daemon that it left behind has read the slot and feeds the watchdog.
    const auto status = starter.wait(deadline);
    if (!status) return fail("sbd is not ready: {}", status.error().what).advise("is the LUN there? dmesg");
    const auto pid = *status == 0 ? sbd_process() : std::nullopt;
    if (!pid)
        return fail("sbd ended with status {}", *status)
            .advise(fmt::format(
                "sbd.out in the chroot's /var/log has its words; by hand: sbd -d {} list, sbd query-watchdog",
                plan.disks.front()));
    boot.sbd = TRY(Child::adopt(*pid));
    log::info("sbd: slot {} on {}; it feeds {}, {} s", plan.slot, plan.disks.front(), plan.watchdog,
              plan.times.watchdog);
    return {};
}

}  // namespace pando::initrd
