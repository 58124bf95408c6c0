// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/boot.h"

#include "base/log.h"
#include "initrd/guard.h"
#include "initrd/policy.h"

#include <exception>
#include <map>

namespace pando::initrd {
namespace {

constexpr Milliseconds rescue_patience = std::chrono::minutes(5);
constexpr Milliseconds guard_grace = std::chrono::seconds(30);  // past a stage's deadline
constexpr Milliseconds retry_pause = std::chrono::seconds(3);
constexpr Milliseconds default_reboot_delay = std::chrono::seconds(10);
constexpr unsigned default_retries = 3;

// cluster.yaml may change a stage's settings; it is unknown until the bundle was read.
config::StageSettings settings_of(const Boot& boot, const Stage& stage) {
    if (!boot.cluster) return {};
    const auto found = boot.cluster->boot.stages.find(std::string(stage.name));
    return found == boot.cluster->boot.stages.end() ? config::StageSettings{} : found->second;
}

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

// One try of one stage, told on the console and in the timeline.
Result<> attempt(Boot& boot, const Stage& stage, size_t number, size_t count, unsigned attempt_number) {
    const Milliseconds span = settings_of(boot, stage).deadline.value_or(stage.deadline);
    log::info("{:>2}/{} {:<9} …    at most {} s", number, count, stage.name, span.count() / 1000);
    boot.timeline.begin(stage.name, attempt_number);
    save(boot.timeline);
    const Milliseconds begin = since_boot();
    auto done = run_guarded(boot, stage, Deadline::after(span));
    const double seconds = static_cast<double>((since_boot() - begin).count()) / 1000.0;
    if (done) {
        boot.timeline.succeed(*done);
        log::info("{:>2}/{} {:<9} ok   {:.2f} s  {}", number, count, stage.name, seconds, *done);
        save(boot.timeline);
        return {};
    }
    const Error error = with_advice(done.error(), stage);
    boot.timeline.fail(error);
    log::error("{}/{} {} FAILED after {:.2f} s", number, count, stage.name, seconds);
    log::write(error);
    save(boot.timeline);
    return Failure(error);
}

[[noreturn]] void give_up(Boot& boot) {
    boot.timeline.state = "failed";
    save(boot.timeline);
    reboot_after(boot.cluster ? boot.cluster->boot.reboot_delay : default_reboot_delay);
}

// After a failure: true means try the stage again.
bool follow_policy(Boot& boot, const Stage& stage, unsigned failures) {
    config::Policy policy = settings_of(boot, stage).policy.value_or(stage.policy);
    const unsigned retries = boot.cluster ? boot.cluster->boot.retries : default_retries;
    if (policy == config::Policy::retry) {
        if (failures > retries) {
            log::error("{}: {} tries failed", stage.name, failures);
            return false;
        }
        (void)rescue_shell(
            fmt::format("policy retry: try {} of {} in {} s", failures, retries, retry_pause.count() / 1000),
            Deadline::after(retry_pause));
        return true;
    }
    if (policy == config::Policy::rescue) {
        if (rescue_shell("policy rescue: the shell's exit tries the stage again", Deadline::after(rescue_patience)))
            return true;
        log::info("nobody came");
    }
    return false;
}

}  // namespace

void run_stages(Boot& boot, const std::vector<Stage>& stages) {
    for (size_t i = 0; i < stages.size(); ++i) {
        const Stage& stage = stages[i];
        if (boot.arguments.break_stage == stage.name) {
            (void)rescue_shell(fmt::format("rd.pando.break={}: before stage {}", stage.name, stage.name),
                               Deadline::after(rescue_patience));
        }
        for (unsigned failures = 0; !attempt(boot, stage, i + 1, stages.size(), failures + 1);) {
            if (!follow_policy(boot, stage, ++failures)) give_up(boot);
        }
    }
}

}  // namespace pando::initrd
