// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/boot_reports.h"

#include "base/file.h"
#include "base/log.h"
#include "report/socket.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace pando::initrd {
namespace {

constexpr Milliseconds send_interval{2000};

uint32_t seconds_of(Milliseconds span) { return static_cast<uint32_t>(std::max<int64_t>(span.count() / 1000, 0)); }

// Its file is there from stage bundle on, written by whoever goes by a description (initrd/take_over.h).
std::optional<report::Plan> plan_of(const Boot& boot) {
    if (!boot.bundle || !boot.cluster) return std::nullopt;
    auto plan = report::load_plan(boot.run / std::filesystem::path(report::plan_file).filename());
    return plan ? std::optional(std::move(*plan)) : std::nullopt;
}

}  // namespace

report::Report boot_report(report::Report told, const Doing& doing, Milliseconds now) {
    const bool runs =
        doing.state == Doing::State::stage && doing.stage == told.stage.name && told.state == report::State::booting;
    const bool failed = doing.state == Doing::State::rescue && told.state == report::State::failed;
    if (!runs && !failed) return told;
    told.stage.seconds = seconds_of(now - doing.begin);
    told.stage.deadline = seconds_of(doing.span);
    told.stage.waiting_for = doing.waiting_for;
    told.stage.then = doing.then;
    return told;
}

struct BootReports::Shared {
    std::mutex mutex;
    std::condition_variable changed;
    bool news = false;
    report::Report told;
    std::optional<report::Sender> sender;
    std::optional<report::Reporter> reporter;
    uint64_t generation = 0;
    std::string node;

    void send() {
        if (!sender || !reporter) return;
        sender->send(reporter->datagram(boot_report(told, boot_control().doing(), since_boot())));
    }

    // To whom, and signed with what; anew when there is more known than before.
    void know(const Boot& boot) {
        const std::string& boot_id = read_line("/proc/sys/kernel/random/boot_id").value_or("");
        const uint64_t now = boot.bundle ? boot.bundle->generation : 0;
        if (sender && now == generation && boot.timeline.node == node) return;
        if (const auto plan = plan_of(boot)) {
            sender.emplace(plan->port, plan->receivers(boot.timeline.node));
            reporter.emplace(plan->key, boot_id);
            generation = now;
            node = boot.timeline.node;
        } else if (!sender && boot.arguments.report) {
            sender.emplace(report::report_port, std::vector<std::string>{*boot.arguments.report});
            reporter.emplace(std::nullopt, boot_id);
        }
    }
};

BootReports::BootReports() : shared_(std::make_shared<Shared>()) {
    std::thread([shared = shared_] {
        for (;;) {
            std::unique_lock lock(shared->mutex);
            shared->changed.wait_for(lock, send_interval, [&] { return shared->news; });
            shared->news = false;
            shared->send();
        }
    }).detach();
}

void BootReports::tell(const Boot& boot, report::State state, std::string_view stage, size_t number, size_t count,
                       unsigned attempt, const Error& error) {
    const std::lock_guard lock(shared_->mutex);
    shared_->know(boot);
    report::Report& told = shared_->told;
    told = {.node = boot.timeline.node, .mac = boot.arguments.boot_mac.value_or(""), .state = state};
    told.serial = boot.machine.serial;
    told.generation = boot.bundle ? boot.bundle->generation : 0;
    told.stage.name = stage;
    told.stage.number = static_cast<uint32_t>(number);
    told.stage.count = static_cast<uint32_t>(count);
    told.stage.attempt = attempt;
    told.stage.error = error.what;
    told.stage.advice = error.advice;
    shared_->news = true;
    shared_->changed.notify_one();
}

BootReports& boot_reports() {
    static auto* reports = new BootReports;  // its thread may outlive main()
    return *reports;
}

}  // namespace pando::initrd
