// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/boot_control.h"

#include "base/log.h"
#include "config/values.h"
#include "initrd/stages.h"

#include <fmt/ranges.h>
#include <sys/eventfd.h>
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace pando::initrd {
namespace {

using config::Policy;
using nlohmann::json;
using std::chrono::seconds;

constexpr std::array policies = {"retry", "rescue", "reboot"};  // in the order of the enum
constexpr std::string_view rescue_name = "rescue";
constexpr Milliseconds longest = std::chrono::hours(24);  // of a deadline

int64_t whole_seconds(Milliseconds span) { return span.count() / 1000; }

Failure grammar(std::string_view text, std::string_view why) {
    Failure failure = bad_input("set {}: {}", text, why);
    failure.advise("as in join.deadline=30m, join.policy=rescue, rescue.deadline=1h");
    return failure;
}

json refusal(const Error& error) { return {{"ok", false}, {"error", error.what}, {"advice", error.advice}}; }

json reply_to(const Result<std::string>& done) {
    if (!done) return refusal(done.error());
    return {{"ok", true}, {"text", *done}};
}

std::string text_at(const json& request, const char* key) {
    const auto found = request.find(key);
    return found != request.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

std::string policy_name(Policy policy) { return policies.at(static_cast<size_t>(policy)); }

Result<Setting> parse_setting(std::string_view text) {
    const size_t dot = text.find('.'), equals = text.find('=');
    if (equals == std::string_view::npos || dot == std::string_view::npos || dot > equals)
        return grammar(text, "this is no STAGE.KEY=VALUE");
    Setting setting{std::string(text.substr(0, dot)), {}};
    const std::string_view key = text.substr(dot + 1, equals - dot - 1), value = text.substr(equals + 1);
    if (!is_stage(setting.stage) && setting.stage != rescue_name)
        return grammar(text, fmt::format("there is no stage {}; there are: {} rescue", setting.stage, stage_names()));
    if (key == "deadline") {
        const auto span = config::parse_duration(value);
        if (!span) return grammar(text, span.error().what);
        if (*span < seconds(1) || *span > longest) return grammar(text, "a deadline is between 1s and 24h");
        setting.settings.deadline = *span;
        return setting;
    }
    if (key != "policy" || setting.stage == rescue_name)
        return grammar(text, fmt::format("{} has no {} to set", setting.stage, key));
    const auto* const found = std::find(policies.begin(), policies.end(), value);
    if (found == policies.end()) return grammar(text, fmt::format("a policy is one of: {}", fmt::join(policies, ", ")));
    setting.settings.policy = static_cast<Policy>(found - policies.begin());
    return setting;
}

std::string what_then(Policy policy, unsigned failures, unsigned retries, Milliseconds rescue_patience) {
    switch (policy) {
        case Policy::retry:
            if (failures < retries)
                return fmt::format("it is tried again (policy retry, {} of {})", failures + 1, retries);
            return "this machine reboots (policy retry, no try is left)";
        case Policy::rescue:
            return fmt::format("a shell is offered for {} s, then this machine reboots (policy rescue)",
                               whole_seconds(rescue_patience));
        case Policy::reboot:
            break;
    }
    return "this machine reboots (policy reboot)";
}

std::string waiting_line(const Doing& doing, Milliseconds now) {
    if (doing.state == Doing::State::idle || doing.span.count() == 0) return {};
    const bool rescue = doing.state == Doing::State::rescue;
    return fmt::format("{}: {} s; {}; at {} s {}", rescue ? "rescue" : doing.stage, whole_seconds(now - doing.begin),
                       doing.waiting_for.empty() ? "at work" : "waiting for " + doing.waiting_for,
                       whole_seconds(doing.span), doing.then);
}

Milliseconds next_telling(const Doing& doing, Milliseconds now) {
    constexpr Milliseconds first = seconds(10), often = seconds(30), seldom = seconds(60), long_wait = seconds(300);
    const Milliseconds elapsed = now - doing.begin;
    if (elapsed < first) return doing.begin + first;
    // On round figures, so that two consoles can be laid beside each other.
    const Milliseconds step = elapsed < long_wait ? often : seldom;
    return doing.begin + (elapsed / step + 1) * step;
}

BootControl::BootControl(std::vector<std::string> stages)
    : stages_(std::move(stages)),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      change_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

void BootControl::set_stages(std::vector<std::string> stages) {
    const std::lock_guard lock(mutex_);
    stages_ = std::move(stages);
}

void BootControl::begin(Doing doing) {
    const std::lock_guard lock(mutex_);
    doing_ = std::move(doing);
    doing_.begin = since_boot();
    retry_.reset();
    eventfd_write(change_.get(), 1);
}

void BootControl::end() {
    const std::lock_guard lock(mutex_);
    doing_ = {};
}

void BootControl::waiting_for(std::string what) {
    const std::lock_guard lock(mutex_);
    doing_.waiting_for = std::move(what);
}

Doing BootControl::doing() const {
    const std::lock_guard lock(mutex_);
    return doing_;
}

config::StageSettings BootControl::settings(const std::string& stage) const {
    const std::lock_guard lock(mutex_);
    const auto found = settings_.find(stage);
    return found == settings_.end() ? config::StageSettings{} : found->second;
}

Deadline BootControl::rescue_deadline() const {
    const Doing now = doing();
    return Deadline::after(std::max(now.begin + now.span - since_boot(), Milliseconds(0)));
}

void BootControl::attend(const std::string& who) {
    const std::lock_guard lock(mutex_);
    attending_.push_back(who);
    eventfd_write(wake_.get(), 1);
}

void BootControl::leave(const std::string& who) {
    const std::lock_guard lock(mutex_);
    const auto found = std::find(attending_.begin(), attending_.end(), who);
    if (found != attending_.end()) attending_.erase(found);
    eventfd_write(wake_.get(), 1);
}

std::string BootControl::attending() const {
    const std::lock_guard lock(mutex_);
    return fmt::format("{}", fmt::join(attending_, ", "));
}

std::optional<std::string> BootControl::take_retry() {
    const std::lock_guard lock(mutex_);
    return std::exchange(retry_, std::nullopt);
}

void BootControl::clear_wake() const {
    eventfd_t count = 0;
    (void)eventfd_read(wake_.get(), &count);
}

void BootControl::clear_change() const {
    eventfd_t count = 0;
    (void)eventfd_read(change_.get(), &count);
}

json BootControl::status() const {
    const Doing now = doing();
    if (now.state == Doing::State::idle) return {{"ok", true}, {"state", "between stages"}};
    return {{"ok", true},
            {"state", now.state == Doing::State::rescue ? "rescue" : "stage"},
            {"stage", now.stage},
            {"attempt", now.attempt},
            {"elapsed", whole_seconds(since_boot() - now.begin)},
            {"deadline", whole_seconds(now.span)},  // 0: none, a person is at work
            {"waiting_for", now.waiting_for},
            {"then", now.then}};
}

Result<std::string> BootControl::set(const Setting& setting) {
    const std::lock_guard lock(mutex_);
    const bool known = std::find(stages_.begin(), stages_.end(), setting.stage) != stages_.end();
    if (!known && setting.stage != rescue_name)
        return bad_input("this boot has no stage {}", setting.stage)
            .advise(fmt::format("it has: {}", fmt::join(stages_, " ")));
    config::StageSettings& settings = settings_[setting.stage];
    if (setting.settings.policy) {
        settings.policy = setting.settings.policy;
        return fmt::format("{}: policy {} for this boot", setting.stage, policy_name(*settings.policy));
    }
    settings.deadline = setting.settings.deadline;
    const Milliseconds span = *settings.deadline;
    std::string said = fmt::format("{}: at most {} s for this boot", setting.stage, whole_seconds(span));
    const bool rescue = doing_.state == Doing::State::rescue && setting.stage == rescue_name;
    const bool running = doing_.state == Doing::State::stage && setting.stage == doing_.stage;
    if (rescue && doing_.span.count() != 0) doing_.span = span;
    if (running && span > doing_.span) {
        doing_.span = span;  // its runner gives it more time when the old is over (initrd/boot.cpp)
        said += ", and so for the try that runs";
    } else if (running) {
        said += "; the try that runs keeps its time";
    }
    eventfd_write(wake_.get(), 1);
    return said;
}

Result<std::string> BootControl::retry(std::string stage) {
    const std::lock_guard lock(mutex_);
    if (doing_.state != Doing::State::rescue)
        return bad_input("no stage has failed: {} runs", doing_.stage.empty() ? "none" : doing_.stage)
            .advise(fmt::format("pando-boot set {}.deadline=SPAN gives it more time",
                                doing_.stage.empty() ? "STAGE" : doing_.stage));
    if (!doing_.may_retry)
        return bad_input("this machine is about to end and has no stage to go on with").advise("pando-boot reboot");
    if (stage.empty()) stage = doing_.stage;
    const auto wanted = std::find(stages_.begin(), stages_.end(), stage);
    const auto failed = std::find(stages_.begin(), stages_.end(), doing_.stage);
    if (wanted == stages_.end())
        return bad_input("there is no stage {}", stage).advise(fmt::format("there are: {}", fmt::join(stages_, " ")));
    if (wanted > failed)
        return bad_input("{} comes after {}, which has failed: no stage is passed over", stage, doing_.stage)
            .advise(fmt::format("pando-boot retry {}", doing_.stage));
    if (wanted < failed && !doing_.may_go_back)
        return bad_input("the cluster's daemons run already: a stage before {} cannot be done again", doing_.stage)
            .advise(fmt::format("pando-boot retry {}, or pando-boot reboot", doing_.stage));
    retry_ = stage;
    eventfd_write(wake_.get(), 1);
    return fmt::format("stage {} is tried again", stage);
}

json BootControl::answer(const json& request) {
    if (!request.is_object()) return refusal(bad_input("this is no request").error());
    const std::string verb = text_at(request, "verb");
    if (verb == "status") return status();
    if (verb == "retry") return reply_to(retry(text_at(request, "stage")));
    if (verb == "set") {
        const auto setting = parse_setting(text_at(request, "setting"));
        return reply_to(setting ? set(*setting) : Result<std::string>(Failure(setting.error())));
    }
    return refusal(bad_input("there is no verb \"{}\"", verb).error());
}

BootControl& boot_control() {
    static auto* control = new BootControl;  // threads may outlive main()
    return *control;
}

void waiting_for(std::string what) { boot_control().waiting_for(std::move(what)); }

}  // namespace pando::initrd
