// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/reporter.h"

#include "base/file.h"
#include "base/log.h"
#include "base/procfs.h"
#include "initrd/device_map.h"
#include "initrd/node_state.h"
#include "initrd/watch.h"
#include "report/metrics.h"
#include "report/socket.h"

#include <fmt/ranges.h>
#include <sys/mman.h>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <thread>

namespace pando::initrd {
namespace {

using report::Report;
using report::State;

constexpr Milliseconds report_interval{2000};
constexpr Milliseconds full_look_interval = std::chrono::seconds(30);  // at all that `pando status --here` tells
constexpr size_t keys_shown = 3;

uint32_t seconds_of(Milliseconds span) { return static_cast<uint32_t>(std::max<int64_t>(span.count() / 1000, 0)); }

// Nothing: process 1 of the initramfs reports yet.
std::optional<State> state_now() {
    if (std::filesystem::exists(stopping_file)) return State::leaving;
    const auto timeline = Timeline::load();
    if (!timeline || timeline->stages.empty()) return std::nullopt;
    if (timeline->state == "booted") return State::booted;
    const StageRecord& last = timeline->stages.back();
    if (last.name == "handover" && last.result == "ok") return State::starting;
    return std::nullopt;
}

// Of the first NIC that is hardware.
std::string first_mac() {
    const std::filesystem::path nics = "/sys/class/net";
    for (const std::string& nic : list_directory(nics).value_or(std::vector<std::string>()))
        if (std::filesystem::exists(nics / nic / "device")) return read_line(nics / nic / "address").value_or("");
    return {};
}

class Self {
public:
    explicit Self(std::string node) : node_(std::move(node)), mac_(first_mac()) {
        serial_ = read_line("/sys/class/dmi/id/product_serial").value_or("");
    }

    Report look(State state, const report::Plan& plan) {
        Report report{.node = node_, .mac = mac_, .serial = serial_, .state = state};
        report.generation = plan.generation;
        report.reboot_changes = static_cast<uint32_t>(plan.reboot_keys.size());
        const std::vector<std::string> some(
            plan.reboot_keys.begin(),
            plan.reboot_keys.begin() + static_cast<ptrdiff_t>(std::min(keys_shown, plan.reboot_keys.size())));
        report.reboot_keys = fmt::format("{}", fmt::join(some, ", "));
        look_at_quorum(report);
        look_at_root(report);
        look_at_all(report, state);
        tell_frozen(report);
        return report;
    }

private:
    void look_at_quorum(Report& report) {
        const auto quorum = read_quorum();
        if (!quorum) return;
        report.votes = report::Votes{quorum->quorate, quorum->votes, quorum->expected, quorum->needed};
        everybody_ = quorum->quorate && quorum->votes == quorum->expected;
    }

    static void look_at_root(Report& report) {
        const auto root = mount_at(mounts_of(1).value_or(std::vector<Mount>()), "/");
        if (!root) return;
        report.root = !root->writable() ? "read-only" : is_suspended(root->device) ? "suspended" : "mounted";
    }

    // dlm_controld is asked when somebody is missing: it may wait for a fencing then.
    void look_at_all(Report& report, State state) {
        if (full_.passed()) {
            full_ = Deadline::after(full_look_interval);
            if (auto all = read_node_state()) {
                fence_ = all->fence;
                faults_ = std::move(all->faults);
                chroot_ = all->place && !all->place->reason.empty()
                              ? fmt::format("in memory, not at {}: {}", all->place->wanted, all->place->reason)
                              : "ok";
            }
        } else if (!everybody_ || !fence_.waiting.empty()) {
            fence_ = read_fence_state();
        }
        report.chroot = chroot_;
        if (state == State::booted) {
            report.faults = static_cast<uint32_t>(faults_.size());
            if (!faults_.empty()) report.fault = faults_.front();
        }
        std::optional<Milliseconds> oldest;
        for (const auto& test : fence_.tests) {
            oldest = std::min(oldest.value_or(test.last), test.last);
            if (!test.good) ++report.fence_failing;
        }
        if (oldest) report.fence_test = seconds_of(since_boot() - *oldest);
    }

    void tell_frozen(Report& report) {
        std::vector<std::string> names;
        for (const auto& one : fence_.waiting) names.push_back(one.node);
        report.fencing = fmt::format("{}", fmt::join(names, " "));
        if (report.votes && !report.votes->quorate)
            report.frozen_for = fmt::format("quorum: {} of {} votes, {} needed", report.votes->present,
                                            report.votes->expected, report.votes->needed);
        else if (!names.empty())
            report.frozen_for = fmt::format("{} to be fenced", fmt::join(names, ", "));
        if (!report.frozen_for.empty() && report.root == "mounted") report.root = "frozen";
        const bool stands_still = report.root == "frozen" || report.root == "suspended";
        if (!stands_still)
            frozen_since_.reset();
        else if (!frozen_since_)
            frozen_since_ = since_boot();
        if (frozen_since_) report.frozen = seconds_of(since_boot() - *frozen_since_);
    }

    std::string node_, mac_, serial_;
    bool everybody_ = false;
    Deadline full_ = Deadline::after(Milliseconds(0));
    FenceState fence_;
    std::vector<std::string> faults_;
    std::string chroot_;
    std::optional<Milliseconds> frozen_since_;
};

// What hears must not wait for corosync, so that what sends is a thread of its own. It reaches this node's own snapshot
// as it reaches the others', by a datagram.
class Sending {
public:
    Sending(std::string node, report::Plan plan) : self_(node), node_(std::move(node)), plan_(std::move(plan)) {
        boot_ = read_line("/proc/sys/kernel/random/boot_id").value_or("");
        prepare();
    }

    void go_by(report::Plan plan) {
        const std::lock_guard lock(mutex_);
        plan_ = std::move(plan);
        prepare();
    }

    [[noreturn]] void run() {
        for (;;) {
            const report::Plan plan = [&] {
                const std::lock_guard lock(mutex_);
                return plan_;
            }();
            if (const auto state = state_now()) tell(self_.look(*state, plan));
            std::unique_lock lock(mutex_);
            pause_.wait_for(lock, report_interval);
        }
    }

    // Twice: nobody will say it again.
    void leave() {
        Report report{.node = node_, .state = State::left};
        for (int i = 0; i < 2; ++i) tell(report);
    }

private:
    void prepare() {
        auto receivers = plan_.receivers(node_);
        receivers.emplace_back("127.0.0.1");
        sender_.emplace(plan_.port, receivers);
        reporter_.emplace(plan_.key, boot_);
    }

    void tell(const Report& report) {
        const std::lock_guard lock(mutex_);
        sender_->send(reporter_->datagram(report));
    }

    Self self_;
    std::string node_, boot_;
    std::mutex mutex_;
    std::condition_variable pause_;  // that nobody ends
    report::Plan plan_;
    std::optional<report::Sender> sender_;
    std::optional<report::Reporter> reporter_;
};

// What the stages of the boot took; known when it is over, and the same from then on.
class StageMetrics {
public:
    std::string text(const std::string& node) {
        if (!text_.empty()) return text_;
        const auto timeline = Timeline::load();
        if (!timeline || timeline->state != "booted") return {};
        std::vector<report::StageTime> times;
        for (const StageRecord& stage : timeline->stages)
            if (stage.result == "ok") times.push_back({stage.name, stage.end - stage.start});
        return text_ = report::stage_metrics(node, times);
    }

private:
    std::string text_;
};

Result<> report_and_hear() {
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    sigprocmask(SIG_BLOCK, &ends, nullptr);
    const auto plan = TRY(report::load_plan());
    const std::string node = TRY(read_line("/run/pando/node"));
    // As it is used: swap may lie beside the root that is frozen.
    if (mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) < 0) return fail_errno(errno, "locking memory");
    auto& sending = *new Sending(node, plan);  // its thread ends with the process
    std::thread([&] { sending.run(); }).detach();
    report::Collecting how;
    how.boot = read_line("/proc/sys/kernel/random/boot_id").value_or("");
    how.newer = [&, known = std::filesystem::file_time_type()]() mutable -> std::optional<report::Plan> {
        std::error_code ec;
        const auto changed = std::filesystem::last_write_time(report::plan_file, ec);
        if (ec || changed == known) return std::nullopt;
        auto newer = report::load_plan();
        if (!newer) return std::nullopt;
        known = changed;
        sending.go_by(*newer);
        return std::move(*newer);
    };
    how.metrics = report::metrics_file;
    how.metrics_of = node;
    how.more_metrics = [&, stages = StageMetrics()]() mutable { return stages.text(node); };
    TRY(report::collect(plan, how));
    sending.leave();
    return {};
}

}  // namespace

int reporter_main() {
    const auto done = report_and_hear();
    if (done) return 0;
    log::write(done.error());
    return 1;
}

}  // namespace pando::initrd
