// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/watch.h"

#include "base/file.h"
#include "base/log.h"
#include "base/process.h"
#include "base/procfs.h"
#include "base/sysroot.h"
#include "hwdetect/inventory_parts.h"
#include "initrd/console.h"
#include "initrd/follow.h"
#include "initrd/notify.h"
#include "initrd/sbd.h"
#include "initrd/self_reset.h"
#include "initrd/storage_probe.h"
#include "initrd/watch_rules.h"
#include "initrd/watchdog.h"

#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include <algorithm>
#include <csignal>
#include <cstring>
#include <nlohmann/json.hpp>

namespace pando::initrd {
namespace {

constexpr Milliseconds tick{1000};
constexpr const char* sbd_name = "sbd";
// A card's driver is loaded in the background of a boot; longer it is not waited for.
constexpr Milliseconds card_patience{30000};
// The daemons are there before the root is mounted. One that is not found then has ended before it was seen.
constexpr Milliseconds daemon_patience{10000};

// Those whose end costs the root. iscsid is none: its loss matters when the LUN falls silent, and that is seen.
std::vector<WatchedDaemon> fatal_daemons(const WatchSettings& settings) {
    std::vector<WatchedDaemon> daemons = {{"corosync", 0, {}}, {"dlm_controld", 0, {}}, {follower_name, 0, {}}};
    if (settings.mode == mode_sbd) daemons.push_back({sbd_name, 0, {}});
    return daemons;
}
// Their end is said: what they guard against has not happened yet.
std::vector<WatchedDaemon> other_daemons() { return {{"iscsid", 0, {}}, {"pando-survival", 0, {}}}; }

// Daemons found by their name once, and followed by descriptor then: no look at another process can hang after that.
class Daemons {
public:
    explicit Daemons(std::vector<WatchedDaemon> wanted) : list_(std::move(wanted)), handles_(list_.size()) {}

    const std::vector<WatchedDaemon>& list() const { return list_; }
    bool complete() const {
        return std::all_of(list_.begin(), list_.end(), [](const auto& daemon) { return daemon.pid != 0; });
    }
    void find() {
        for (size_t i = 0; i < list_.size(); ++i) {
            if (list_[i].pid != 0) continue;
            const auto pid = process_of(list_[i].name);
            if (!pid) continue;
            auto handle = Child::adopt(*pid);
            if (!handle) continue;
            list_[i] = {list_[i].name, *pid, std::nullopt};
            handles_[i] = std::move(*handle);
        }
    }
    // True when one has ended since the last look.
    bool look() {
        bool ended = false;
        for (size_t i = 0; i < list_.size(); ++i) {
            if (list_[i].pid == 0 || list_[i].ended || handles_[i]->running()) continue;
            list_[i].ended = since_boot();
            ended = true;
        }
        return ended;
    }
    void forget_ended() {  // a boot starts them anew when its stage failed
        for (size_t i = 0; i < list_.size(); ++i)
            if (list_[i].ended) {
                list_[i] = {list_[i].name, 0, std::nullopt};
                handles_[i].reset();
            }
    }
    void give_up() {
        for (WatchedDaemon& daemon : list_)
            if (daemon.pid == 0 && !daemon.ended) daemon.ended = since_boot();
    }
    void add_to(std::vector<pollfd>& fds) const {
        for (size_t i = 0; i < list_.size(); ++i)
            if (handles_[i] && !list_[i].ended) fds.push_back({handles_[i]->pidfd(), POLLIN, 0});
    }

private:
    // Those of sbd's all have one name, and those that read the disk end and come back when it fails.
    static std::optional<pid_t> process_of(const std::string& name) {
        if (name == sbd_name) return sbd_process();
        const auto pids = processes_named("@" + name).value_or(std::vector<pid_t>());
        return pids.empty() ? std::nullopt : std::optional(pids.front());
    }

    std::vector<WatchedDaemon> list_;
    std::vector<std::optional<Child>> handles_;
};

// The card: opened when it appears, fed from then on.
class Card {
public:
    explicit Card(const WatchSettings& settings) : settings_(settings) { state_.mode = settings.mode; }

    bool wanted() const { return settings_.mode != "off" && !is_sbds(); }
    bool is_sbds() const { return settings_.mode == mode_sbd; }
    bool must_be() const { return settings_.mode == "required" || settings_.mode == "softdog"; }
    bool is_open() const { return card_.has_value(); }
    void feed() {
        if (!card_ || since_boot() < fed_ + feed_interval(state_.timeout)) return;
        fed_ = since_boot();
        const auto done = card_->feed();
        const std::string failed = done ? "" : done.error().what;
        if (failed == feeding_failed_) return;
        feeding_failed_ = failed;
        if (failed.empty())
            log::info("watchdog: {} is fed again", state_.device);
        else
            log::warning("watchdog: {}: {}; it resets this machine within {} s unless that ends", state_.device, failed,
                         state_.timeout);
        state_.remark = failed.empty() ? timeout_fault(state_.timeout, settings_) : failed;
        save();
    }

    // One look at what is there. True: opened. An error: it is there, and not for us.
    Result<bool> look() {
        const auto root = TRY(Sysroot::open("/"));
        const auto found = choose_watchdog(hwdetect::read_watchdog_infos(root), settings_);
        if (!found) return false;
        const unsigned asked = timeout_for(*found, settings_.timeout);
        const std::string device = "/dev/" + found->device;
        auto card = TRY(Watchdog::open(device, asked));
        const std::string fault = timeout_fault(card.timeout(), settings_);
        if (!fault.empty() && settings_.mode == "required") {
            (void)card.release();
            return fail("watchdog {} ({}): {}", device, found->identity, fault)
                .advise("watchdog.timeout, corosync.token, or another card (watchdog.device)");
        }
        card_ = std::move(card);
        state_ = {settings_.mode, device, found->identity, card_->timeout(), fault};
        tell(*found);
        return true;
    }
    void none(const std::string& why) {
        state_.remark = why;
        log::warning("watchdog: {}; a kernel that hangs is not reset by this machine, only fenced by the others", why);
        save();
    }
    // sbd feeds it.
    void leave_it() {
        const auto root = Sysroot::open("/");
        const std::string name = std::filesystem::path(settings_.device).filename();
        state_ = {settings_.mode, settings_.device, {}, static_cast<unsigned>(settings_.timeout.count() / 1000), {}};
        for (const auto& card : root ? hwdetect::read_watchdog_infos(*root) : std::vector<hwdetect::WatchdogInfo>())
            if (card.device == name) state_.identity = card.identity;
        save();
    }
    void save() const { (void)write_file_atomic(watch_file, to_json(state_)); }
    void release() {
        if (!card_) return;
        if (const auto done = card_->release(); !done) log::write(done.error());
    }

private:
    void tell(const hwdetect::WatchdogInfo& found) const {
        const auto wanted = static_cast<unsigned>(settings_.timeout.count() / 1000);
        log::info("watchdog: {} ({}), {} s{}; lost storage resets this machine within {} s", state_.device,
                  found.identity, state_.timeout,
                  state_.timeout == wanted ? "" : fmt::format(" ({} s were asked for)", wanted),
                  reset_bound(settings_, state_.timeout).count() / 1000);
        if (!state_.remark.empty()) log::warning("watchdog: {}", state_.remark);
        if (settings_.mode == "softdog") log::warning("watchdog: it is the kernel's own, and dies with the kernel");
        save();
    }

    const WatchSettings& settings_;
    std::optional<Watchdog> card_;
    WatchState state_;
    Milliseconds fed_{0};         // when, since the kernel started
    std::string feeding_failed_;  // why, the last time; empty: it did not
};

class Watch {
public:
    explicit Watch(WatchSettings settings) : settings_(std::move(settings)), card_(settings_) {}

    Result<> run() {
        TRY(listen());
        resetter_ = TRY(Resetter::open());
        if (mlockall(MCL_CURRENT | MCL_FUTURE) < 0) return fail_errno(errno, "locking memory");
        for (const std::string& device : settings_.storage) storage_.push_back(TRY(StorageProbe::start(device)));
        become_urgent();
        TRY(open_card());
        TRY(report_ready());
        for (;;) {
            wait();
            card_.feed();
            if (let_go_) {
                card_.release();
                return {};
            }
            look();
            const auto reason = judge(sight_, settings_, since_boot());
            if (!reason) continue;
            resetter_->reset(*reason);  // and nobody feeds any more
            for (;;) (void)poll(nullptr, 0, -1);
        }
    }

private:
    Result<> listen() {
        sigset_t told;
        sigemptyset(&told);
        sigaddset(&told, SIGTERM);
        sigaddset(&told, SIGUSR1);
        sigprocmask(SIG_BLOCK, &told, nullptr);
        signals_.reset(signalfd(-1, &told, SFD_CLOEXEC | SFD_NONBLOCK));
        if (!signals_.valid()) return fail_errno(errno, "waiting for signals");
        return {};
    }

    // A machine with more work than it can do must not be reset for that.
    static void become_urgent() {
        const sched_param lowest{.sched_priority = sched_get_priority_min(SCHED_RR)};
        if (sched_setscheduler(0, SCHED_RR, &lowest) < 0)
            log::warning("watch: no real-time priority: {}", std::strerror(errno));
    }

    // With a card that must be there the boot waits for it; any other is opened when it comes.
    Result<> open_card() {
        card_until_ = Deadline::after(card_patience);
        card_.save();
        if (card_.is_sbds()) card_.leave_it();
        if (!card_.wanted()) return {};
        if (!card_.must_be()) {
            look_for_card();
            return {};
        }
        while (!TRY(card_.look())) {
            if (card_until_.passed())
                return fail("node {} has no {}", settings_.node,
                            settings_.mode == "softdog" ? "software watchdog" : "watchdog card that its kernel knows")
                    .advise("watchdog.mode: if-present lets it join without; pando hw probe names the cards");
            (void)poll(nullptr, 0, static_cast<int>(tick.count()));
        }
        return {};
    }
    void look_for_card() {
        if (card_over_ || card_.is_open()) return;
        const auto opened = card_.look();
        card_over_ = !opened || *opened || card_until_.passed();
        if (!opened) card_.none(opened.error().what);
        if (opened && !*opened && card_over_) card_.none("there is none");
    }

    void wait() {
        std::vector<pollfd> fds = {{signals_.get(), POLLIN, 0}};
        if (!sight_.leaving) {  // then they end in order, and nobody takes note
            daemons_.add_to(fds);
            others_.add_to(fds);
        }
        (void)poll(fds.data(), fds.size(), static_cast<int>(tick.count()));
        signalfd_siginfo told{};
        while (read(signals_.get(), &told, sizeof told) == sizeof told) {
            if (told.ssi_signo == SIGUSR1) let_go_ = true;
            if (told.ssi_signo == SIGTERM && !sight_.leaving) sight_.leaving = since_boot();
        }
    }

    void look() {
        if (card_.wanted()) look_for_card();
        look_at_root();
        look_at_daemons();
        for (const StorageProbe* path : storage_) {
            sight_.storage_answered = std::max(sight_.storage_answered, path->answered());
            sight_.storage_error = path->error();
        }
        if (!sight_.stopping && access(stopping_file, F_OK) == 0) {
            sight_.stopping = since_boot();
            log::info("watch: this system stops; it is reset if that takes longer than {} s",
                      settings_.shutdown.count() / 1000);
        }
    }

    // The kernel has the directory from the beginning of the mount to the end of the unmount. `withdraw` becomes 1 when
    // a withdrawal begins: long before its uevent, which waits for the journal to be replayed by another node.
    void look_at_root() {
        const std::filesystem::path gfs2 = std::filesystem::path("/sys/fs/gfs2") / settings_.lock_table;
        const bool mounted = access(gfs2.c_str(), F_OK) == 0;
        if (mounted && !sight_.mounted) daemons_until_ = Deadline::after(daemon_patience);
        sight_.mounted = mounted;
        if (mounted && !sight_.withdrawn && read_line(gfs2 / "withdraw").value_or("0") == "1")
            sight_.withdrawn = since_boot();
    }

    void look_at_daemons() {
        if (sight_.leaving) return;
        daemons_.look();
        if (others_.look() && sight_.mounted)
            for (const WatchedDaemon& daemon : others_.list())
                if (daemon.ended)
                    log::warning("watch: {} (process {}) has ended: reboot this node in order", daemon.name,
                                 daemon.pid);
        if (!sight_.mounted) daemons_.forget_ended();
        others_.forget_ended();
        if (!sight_.mounted) others_.find();
        if (!daemons_.complete()) daemons_.find();
        if (sight_.mounted && !daemons_.complete() && daemons_until_.passed()) daemons_.give_up();
        sight_.daemons = daemons_.list();
    }

    const WatchSettings settings_;
    UniqueFd signals_;
    std::optional<Resetter> resetter_;
    std::vector<StorageProbe*> storage_;  // by each path
    Card card_;
    Daemons daemons_{fatal_daemons(settings_)}, others_{other_daemons()};
    WatchSight sight_;
    Deadline card_until_ = Deadline::after(card_patience), daemons_until_ = Deadline::never();
    bool card_over_ = false, let_go_ = false;
};

}  // namespace

std::string to_json(const WatchState& state) {
    return nlohmann::json({{"mode", state.mode},
                           {"device", state.device},
                           {"identity", state.identity},
                           {"timeout_seconds", state.timeout},
                           {"remark", state.remark}})
               .dump(1, ' ', false, nlohmann::json::error_handler_t::replace) +
           "\n";
}

std::optional<WatchState> parse_watch_state(const std::string& json) {
    const auto document = nlohmann::json::parse(json, nullptr, false);
    if (!document.is_object()) return std::nullopt;
    const auto text = [&](const char* key) {
        const auto found = document.find(key);
        return found != document.end() && found->is_string() ? found->get<std::string>() : std::string();
    };
    const auto timeout = document.find("timeout_seconds");
    return WatchState{text("mode"), text("device"), text("identity"),
                      timeout != document.end() && timeout->is_number_unsigned() ? timeout->get<unsigned>() : 0,
                      text("remark")};
}

int watch_main(const std::vector<std::string>& words) {
    log_to_consoles(false);
    auto settings = parse_watch_settings(words);
    if (!settings) {
        log::write(settings.error());
        return 2;
    }
    const auto done = Watch(std::move(*settings)).run();
    if (done) return 0;
    log::write(done.error());
    return 1;
}

}  // namespace pando::initrd
