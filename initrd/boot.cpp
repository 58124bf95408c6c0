// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/boot.h"

#include "base/log.h"
#include "initrd/boot_control.h"
#include "initrd/boot_reports.h"
#include "initrd/driver_report.h"
#include "initrd/ending.h"
#include "initrd/guard.h"
#include "initrd/policy.h"

#include <algorithm>
#include <exception>

namespace pando::initrd {
namespace {

constexpr Milliseconds default_rescue_patience = std::chrono::minutes(5);
constexpr Milliseconds guard_grace = std::chrono::seconds(30);  // past a stage's deadline
constexpr Milliseconds retry_pause = std::chrono::seconds(3);
constexpr Milliseconds default_reboot_delay = std::chrono::seconds(10);
constexpr unsigned default_retries = 3;

// cluster.yaml may change a stage's settings; it is unknown until the bundle was read. An operator's word is the last.
config::StageSettings settings_of(const Boot& boot, const Stage& stage) {
    config::StageSettings settings = {stage.deadline, stage.policy};
    const auto prefer = [&](const config::StageSettings& others) {
        if (others.deadline) settings.deadline = others.deadline;
        if (others.policy) settings.policy = others.policy;
    };
    if (boot.cluster) {
        const auto found = boot.cluster->boot.stages.find(std::string(stage.name));
        if (found != boot.cluster->boot.stages.end()) prefer(found->second);
    }
    prefer(boot_control().settings(std::string(stage.name)));
    return settings;
}

unsigned retries_of(const Boot& boot) { return boot.cluster ? boot.cluster->boot.retries : default_retries; }

Milliseconds rescue_patience() { return boot_control().settings("rescue").deadline.value_or(default_rescue_patience); }

Error with_advice(Error error, const Stage& stage) {
    if (error.advice.empty()) error.advice = stage.advice;
    return error;
}

void save(const Timeline& timeline) {
    if (auto saved = timeline.save(); !saved) log::write(saved.error());
}

// No exception may leave process 1: the kernel would panic.
Result<std::string> run_guarded(Boot& boot, const Stage& stage, Deadline deadline) {
    const StageGuard guard(std::string(stage.name), Deadline::after(deadline.remaining() + guard_grace));
    try {
        return stage.run(boot, deadline);
    } catch (const std::exception& exception) {
        return fail("{}", exception.what()).advise("this is a mistake in Pando: please report it with these lines");
    }
}

// What the try that begins may take, for the console and for whoever asks.
Doing doing_of(const Boot& boot, const Stage& stage, unsigned failures) {
    const auto settings = settings_of(boot, stage);
    Doing doing;
    doing.state = Doing::State::stage;
    doing.stage = stage.name;
    doing.attempt = failures + 1;
    doing.span = *settings.deadline;
    doing.then = what_then(*settings.policy, failures, retries_of(boot), rescue_patience());
    return doing;
}

// A stage whose time was over goes on, as every stage can be begun again, when somebody has given it more meanwhile.
Result<std::string> run_to_its_end(Boot& boot, const Stage& stage, Milliseconds begin, Milliseconds span) {
    for (;;) {
        const Deadline deadline = Deadline::after(begin + span - since_boot());
        auto done = run_guarded(boot, stage, deadline);
        const Milliseconds now_given = *settings_of(boot, stage).deadline;
        const bool too_late = !done && (deadline.passed() || done.error().kind == ErrorKind::timeout);
        if (!too_late || now_given <= span) return done;
        log::info("{}: {}; it was given {} s and goes on", stage.name, done.error().what, now_given.count() / 1000);
        span = now_given;
    }
}

// One try of one stage, told on the console and in the timeline.
Result<> attempt(Boot& boot, const Stage& stage, size_t number, size_t count, unsigned failures) {
    const Doing doing = doing_of(boot, stage, failures);
    log::info("{:>2}/{} {:<9} …    at most {} s", number, count, stage.name, doing.span.count() / 1000);
    boot.timeline.begin(stage.name, failures + 1);
    save(boot.timeline);
    const Milliseconds begin = since_boot();
    boot_control().begin(doing);
    const auto report = [&](report::State state, const Error& error = {}) {
        boot_reports().tell(boot, state, stage.name, number, count, failures + 1, error);
    };
    report(report::State::booting);
    auto done = run_to_its_end(boot, stage, begin, doing.span);
    boot_control().end();
    const double seconds = static_cast<double>((since_boot() - begin).count()) / 1000.0;
    if (done) {
        boot.timeline.succeed(*done);
        log::info("{:>2}/{} {:<9} ok   {:.2f} s  {}", number, count, stage.name, seconds, *done);
        save(boot.timeline);
        report(report::State::booting);  // ok: with what it has found out, a key and a name perhaps
        return {};
    }
    const Error error = with_advice(done.error(), stage);
    boot.timeline.fail(error);
    report(report::State::failed, error);
    tell_lacking_drivers();  // the cause may be among them
    log::error("{}/{} {} FAILED after {:.2f} s", number, count, stage.name, seconds);
    log::write(error);
    save(boot.timeline);
    return Failure(error);
}

// What the console is told while a person may come to the stage that failed.
Doing offer_of(const Boot& boot, const Stage& stage, std::string then) {
    Doing offer;
    offer.stage = stage.name;
    offer.then = std::move(then);
    offer.may_retry = true;
    // Their membership and their locks were made by what the earlier stages said.
    offer.may_go_back = !boot.corosync;
    return offer;
}

// Somebody may still come; else the machine ends. The stage that was asked for.
std::string give_up(Boot& boot, const Stage& stage) {
    boot.timeline.state = "failed";
    save(boot.timeline);
    const Milliseconds delay = boot.cluster ? boot.cluster->boot.reboot_delay : default_reboot_delay;
    const Rescued rescued = rescue_shell(fmt::format("this machine reboots in {} s", delay.count() / 1000), delay,
                                         offer_of(boot, stage, "this machine reboots"));
    if (rescued.retry.empty()) end_machine(Ending::reboot);
    boot.timeline.state = "running";
    return rescued.retry;
}

// After a failure: the stage to go on with. Does not return when there is none.
std::string follow_policy(Boot& boot, const Stage& stage, unsigned failures) {
    const config::Policy policy = *settings_of(boot, stage).policy;
    const unsigned retries = retries_of(boot);
    const std::string same(stage.name);
    if (policy == config::Policy::retry) {
        if (failures > retries) {
            log::error("{}: {} tries failed", stage.name, failures);
            return give_up(boot, stage);
        }
        const Rescued rescued = rescue_shell(
            fmt::format("policy retry: try {} of {} in {} s", failures, retries, retry_pause.count() / 1000),
            retry_pause, offer_of(boot, stage, "it is tried again"));
        return rescued.retry.empty() ? same : rescued.retry;
    }
    if (policy == config::Policy::rescue) {
        const Rescued rescued = rescue_shell("policy rescue: the shell's exit tries the stage again", rescue_patience(),
                                             offer_of(boot, stage, "this machine reboots"));
        if (!rescued.retry.empty()) return rescued.retry;
        if (rescued.somebody) return same;
        log::info("nobody came");
    }
    return give_up(boot, stage);
}

size_t index_of(const std::vector<Stage>& stages, std::string_view name) {
    const auto named = [&](const Stage& stage) { return stage.name == name; };
    return static_cast<size_t>(std::find_if(stages.begin(), stages.end(), named) - stages.begin());
}

}  // namespace

void run_stages(Boot& boot, const std::vector<Stage>& stages) {
    std::vector<std::string> names;
    for (const Stage& stage : stages) names.emplace_back(stage.name);
    boot_control().set_stages(names);
    unsigned failures = 0;  // of the stage that is at hand
    for (size_t i = 0; i < stages.size();) {
        const Stage& stage = stages[i];
        if (boot.arguments.break_stage == stage.name && failures == 0) {
            Doing offer;
            offer.stage = stage.name;
            offer.then = "the boot goes on";
            (void)rescue_shell(fmt::format("rd.pando.break={}: before stage {}", stage.name, stage.name),
                               rescue_patience(), offer);
        }
        if (attempt(boot, stage, i + 1, stages.size(), failures)) {
            failures = 0;
            ++i;
            continue;
        }
        const size_t next = index_of(stages, follow_policy(boot, stage, ++failures));
        if (next != i) failures = 0;
        i = next;
    }
}

}  // namespace pando::initrd
