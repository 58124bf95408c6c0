// SPDX-License-Identifier: GPL-2.0-or-later
// Stage join: corosync, quorum, dlm_controld.
#include "base/file.h"
#include "base/log.h"
#include "chroot-builder/manifest.h"
#include "chroot-builder/residence.h"
#include "hwdetect/coldplug.h"
#include "initrd/ahead.h"
#include "initrd/background.h"
#include "initrd/boot.h"
#include "initrd/boot_control.h"
#include "initrd/bundle_disk.h"
#include "initrd/drivers_by_name.h"
#include "initrd/enter_script.h"
#include "initrd/follow.h"
#include "initrd/quorum.h"
#include "initrd/reporter.h"
#include "initrd/sbd.h"
#include "initrd/stage_functions.h"
#include "initrd/take_over.h"
#include "initrd/watch.h"
#include "initrd/watch_rules.h"

#include <poll.h>
#include <filesystem>
#include <sstream>

namespace pando::initrd {
namespace {

namespace fs = std::filesystem;

// "n1 n2", and who of the cluster is not there.
std::string present(const config::Cluster& cluster, const Quorum& quorum, bool wanted) {
    std::string names;
    for (const auto& node : cluster.nodes) {
        const bool here = quorum.has(node.id);
        if (here == wanted) names += (names.empty() ? "" : " ") + node.name;
    }
    return names.empty() ? "none" : names;
}

// udev's rule for the dlm makes these links on a booted system; there is no udev here.
Result<> make_dlm_device_links() {
    TRY(make_directories("/dev/misc"));
    for (const char* name : {"dlm-control", "dlm-monitor", "dlm_plock"}) {
        const fs::path link = fs::path("/dev/misc") / name;
        std::error_code ec;
        if (!fs::is_symlink(link)) fs::create_symlink(fs::path("..") / name, link, ec);
        if (ec) return fail_errno(ec.value(), "creating {}", link.string());
    }
    return {};
}

// The kernel's lock manager refuses the mount until it knows our address.
Result<> wait_for_dlm_address(Deadline deadline) {
    const fs::path comms = "/sys/kernel/config/dlm/cluster/comms";
    // configfs reports no changes, so the state is looked at; it is there when READY came, or a moment later.
    while (list_directory(comms).value_or(std::vector<std::string>()).empty()) {
        if (deadline.passed())
            return fail("dlm_controld has set no address in {}", comms.string()).kind(ErrorKind::timeout);
        poll(nullptr, 0, 20);
    }
    return {};
}

// The last lines a daemon wrote, to its log and else, each on a line of its own after a newline.
std::string last_words(const std::string& daemon) {
    constexpr size_t shown_lines = 6;
    std::string words;
    const fs::path log = fs::path(chroot::chroot_path) / "var/log";
    for (const fs::path& file : {log / (daemon + ".log"), log / daemon / (daemon + ".log"), log / (daemon + ".out")}) {
        const auto text = read_file(file);
        if (!text) continue;
        std::vector<std::string> lines;
        std::istringstream rest(*text);
        for (std::string line; std::getline(rest, line);) lines.push_back(line);
        const size_t first = lines.size() > shown_lines ? lines.size() - shown_lines : 0;
        for (size_t i = first; i < lines.size(); ++i) words += "\n  " + lines[i];
    }
    return words;
}

// When the daemon did not come up, its own last words are all that says why: its log goes with the reboot.
Result<> wait_ready(const ReadySocket& ready, Child& daemon, const std::string& name, Deadline deadline) {
    waiting_for(name + " to be ready");
    auto waited = ready.wait(daemon, deadline);
    if (waited) return {};
    Error error = waited.error();
    error.what += last_words(name);
    error.advice = fmt::format("what {} says is above", name);
    if (name != follower_name && name != watch_name) error.advice += "; its configuration is made from cluster.yaml";
    return Failure(error);
}

// The node's claim goes over to the process that keeps it for as long as the node is up. It has beaten once, and found
// that nobody else had taken the node, when it is ready: corosync must not start before that.
Result<> start_follower(Boot& boot, const fs::path& bundle_partition, Deadline deadline) {
    if (boot.follower && boot.follower->running()) return {};
    const auto ready = TRY(ReadySocket::open("pando-follow"));
    boot.follower = TRY(
        boot.survival->start({"/usr/sbin/pando-survival", "follow", bundle_partition, std::to_string(boot.node().id)},
                             {{"NOTIFY_SOCKET", ready.address()}}, follower_name));
    return wait_ready(ready, *boot.follower, follower_name, deadline);
}

// Nothing waits for it, and a node that cannot tell of itself is as good as one that can.
void start_reporter(Boot& boot) {
    if (boot.reporter && boot.reporter->running()) return;
    auto started = boot.survival->start({"/usr/sbin/pando-survival", "report"}, {}, reporter_name);
    if (started)
        boot.reporter = std::move(*started);
    else
        log::warning("this node will not report itself: {}", started.error().what);
}

// Before corosync: a node that joins has what resets it, and one that must have a watchdog and has none does not join.
// With sbd, that owns the card.
Result<> start_watch(Boot& boot, const std::optional<SbdPlan>& sbd, Deadline deadline) {
    if (boot.watch && boot.watch->running()) return {};
    const config::Watchdog wanted = boot.cluster->watchdog_of(boot.node());
    if (!sbd && wanted.mode == "softdog") TRY(hwdetect::load_modules({"softdog"}));
    std::vector<std::string> paths;
    for (const fs::path& path : TRY(find_bundle_partitions(boot.cluster->storage))) paths.push_back(path);
    const WatchSettings settings{.node = boot.node().name,
                                 .lock_table = boot.cluster->lock_table(),
                                 .storage = std::move(paths),
                                 .mode = sbd ? std::string(mode_sbd) : wanted.mode,
                                 .device = sbd ? sbd->watchdog : wanted.device.value_or(""),
                                 .timeout = sbd ? std::chrono::seconds(sbd->times.watchdog) : wanted.timeout,
                                 .token = boot.cluster->token(),
                                 .patience = boot.cluster->storage_patience(),
                                 .shutdown = wanted.shutdown};
    std::vector<std::string> argv = {"/usr/sbin/pando-survival", "watch"};
    for (std::string& word : to_words(settings)) argv.push_back(std::move(word));
    const auto ready = TRY(ReadySocket::open(watch_name));
    boot.watch = TRY(boot.survival->start(argv, {{"NOTIFY_SOCKET", ready.address()}}, watch_name));
    return wait_ready(ready, *boot.watch, watch_name, deadline);
}

// A description that was written since this boot read its own: corosync must not begin by the older list of nodes.
Result<> go_by_newest(Boot& boot, const fs::path& bundle_partition) {
    const std::string name = boot.node().name;
    const auto store = TRY(open_store(bundle_partition));
    auto newer = TRY(take_over_newer(*store, *boot.bundle, name));
    if (!newer) return {};
    TRY(take_bundle(boot, std::move(*newer)));
    // It may bind the node to another machine by now: ours would be one that nobody can fence.
    boot.identity = TRY(hwdetect::identify(boot.machine, *boot.cluster));
    if (boot.node().name != name)
        return fail("generation {} of the description makes this machine {}, no longer {}", boot.bundle->generation,
                    boot.node().name, name)
            .advise("boot this machine again");
    return {};
}

// Not before this stage: a member of corosync's that has no dlm_controld is fenced by the others as one that failed to
// start (dlm's post_join_delay), so nothing may hold a boot up between here and dlm_controld.
Result<> start_corosync(Boot& boot, Deadline deadline) {
    if (boot.corosync && boot.corosync->running() && boot.corosync_is_ready) return {};
    if (!(boot.corosync && boot.corosync->running())) {
        boot.corosync_is_ready = false;
        boot.corosync_ready.reset();
        boot.corosync_ready = TRY(ReadySocket::open("pando-corosync"));
        // UTC: its log is read on other nodes, and by whoever has set another time zone since (nodes/membership_log).
        boot.corosync = TRY(boot.survival->start({"/usr/sbin/corosync", "-f"},
                                                 {{"NOTIFY_SOCKET", boot.corosync_ready->address()}, {"TZ", "UTC0"}}));
    }
    TRY(wait_ready(*boot.corosync_ready, *boot.corosync, "corosync", deadline));
    boot.corosync_is_ready = true;
    return write_enter_script(boot.corosync->pid());
}

Result<> start_dlm_controld(Boot& boot, Deadline deadline) {
    if (boot.dlm_controld && boot.dlm_controld->running()) return {};
    begin_root_modules(boot);
    if (const auto& loaded = *TRY(collect(boot.root_modules_loaded, deadline, "loading dm_mod, dlm and gfs2")); !loaded)
        return loaded;
    TRY(make_dlm_device_links());
    const auto ready = TRY(ReadySocket::open("pando-dlm_controld"));
    boot.dlm_controld =
        TRY(boot.survival->start({"/usr/sbin/dlm_controld", "--foreground"},
                                 {{"NOTIFY_SOCKET", ready.address()}, {"LD_PRELOAD", chroot::memory_lock}}));
    TRY(wait_ready(ready, *boot.dlm_controld, "dlm_controld", deadline));
    return wait_for_dlm_address(deadline);
}

}  // namespace

Result<std::string> run_join(Boot& boot, Deadline deadline) {
    const fs::path bundle_partition = TRY(find_bundle_partition(boot.cluster->storage));
    TRY(start_follower(boot, bundle_partition, deadline));
    TRY(go_by_newest(boot, bundle_partition));
    start_reporter(boot);
    begin_bmc_watchdog(boot.cluster->watchdog_of(boot.node()));  // the card may be sbd's or the watch's
    const auto sbd = TRY(plan_sbd(boot, deadline));
    TRY(start_watch(boot, sbd, deadline));
    if (sbd) TRY(start_sbd(boot, *sbd, deadline));
    TRY(start_corosync(boot, deadline));
    const auto tell = [&](const Quorum& quorum) {
        if (quorum.quorate) return;
        const std::string missing = present(*boot.cluster, quorum, false);
        log::info("join: {} of {} votes, {} needed; here: {}; missing: {}", quorum.votes, quorum.expected,
                  quorum.needed, present(*boot.cluster, quorum, true), missing);
        waiting_for(fmt::format("quorum: {} of {} votes, {} needed; missing: {}", quorum.votes, quorum.expected,
                                quorum.needed, missing));
        if (quorum.votes >= quorum.needed)
            log::info(
                "join: a cluster that starts anew, or lost its quorum, waits until every node was seen once "
                "(wait_for_all); without one that is off: pando-boot quorum");
    };
    auto quorum = wait_for_quorum(deadline, tell);
    if (!quorum) return Failure(quorum.error());
    TRY(start_dlm_controld(boot, deadline));
    return fmt::format("quorate with {} of {} votes: {}", quorum->votes, quorum->expected,
                       present(*boot.cluster, *quorum, true));
}

}  // namespace pando::initrd
