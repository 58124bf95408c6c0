// SPDX-License-Identifier: GPL-2.0-or-later
#include "fencing/levels.h"

#include "base/process.h"
#include "config/fence_agent.h"
#include "fencing/answer.h"

#include <poll.h>
#include <sys/prctl.h>
#include <algorithm>
#include <csignal>

namespace pando::fencing {
namespace {

constexpr Milliseconds metadata_limit{10000};
constexpr Milliseconds status_limit{15000};  // the others wait, and the device has said already that it did it
constexpr Milliseconds look_interval{250};

std::string name_of(const config::FenceDevice& device) {
    return std::filesystem::path(device.agent).filename().string();
}

std::string input_of(const config::FenceDevice& device, const std::string& action) {
    config::FenceDevice asked = device;
    asked.options.erase("action");
    return config::agent_input(asked, action);
}

// dlm_controld ends us with SIGKILL when somebody else's word or the node's return makes the fencing moot: an agent
// must not go on alone then, and switch off a node that has come back.
bool die_with_parent() { return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0; }

struct Ran {
    Result<Finished> finished;
    Attempt attempt;
};

Ran run_agent(const config::FenceDevice& device, const std::string& action, Milliseconds limit) {
    const Milliseconds begun = since_boot();
    auto finished = run({.argv = {device.agent},
                         .input = input_of(device, action),
                         .deadline = Deadline::after(std::min(limit, device.timeout)),
                         .prepare = die_with_parent});
    Attempt attempt{device.name, action, finished && finished->ok(), {}, 0};
    if (!finished)
        attempt.says = finished.error().what;
    else if (!finished->ok())
        attempt.says = fmt::format("status {}: {}", finished->status, finished->last_words());
    attempt.seconds = static_cast<double>((since_boot() - begun).count()) / 1000;
    return {std::move(finished), std::move(attempt)};
}

// Only asked once, when "off" failed with a status: it costs the start of another interpreter.
bool lacks_off(const config::FenceDevice& device) {
    const auto told = run({.argv = {device.agent},
                           .input = "action=metadata\n",
                           .deadline = Deadline::after(metadata_limit),
                           .prepare = die_with_parent});
    return told && told->ok() && has_action(told->out, "off") == false && has_action(told->out, "reboot") == true;
}

// A device that cannot tell is believed: it said that it did it, and its next status may need what it switched off.
bool seen_off(const config::FenceDevice& device, Milliseconds patience, std::vector<Attempt>& attempts) {
    const Deadline deadline = Deadline::after(patience);
    while (true) {
        Ran asked = run_agent(device, "status", status_limit);
        const auto state = power_state(device.agent, asked.finished);
        asked.attempt.ok = state.has_value();
        if (state) asked.attempt.says = *state;
        const bool on = state && *state == "on";
        if (!on || deadline.passed()) {
            if (on) asked.attempt.says = "on, though it said that it switched off";
            asked.attempt.ok = asked.attempt.ok && !on;
            attempts.push_back(std::move(asked.attempt));
            return !on;
        }
        (void)poll(nullptr, 0, deadline.capped(look_interval).poll_timeout());  // no device tells by itself
    }
}

// A device in use: by which way, and was its metadata asked whether it has "off"?
struct InUse {
    const config::FenceDevice& device;
    Way way;
    bool asked = false;
};

bool attempt(InUse& use, const LevelOptions& options, std::vector<Attempt>& attempts) {
    const config::FenceDevice& device = use.device;
    if (use.way != Way::reboot) {
        Ran off = run_agent(device, "off", device.timeout);
        const bool ok = off.attempt.ok;
        const bool hung = !off.finished;
        attempts.push_back(std::move(off.attempt));
        if (ok) return seen_off(device, options.patience, attempts);
        if (use.way == Way::cut || hung || use.asked) return false;
        use.asked = true;
        if (!lacks_off(device)) return false;
        use.way = Way::reboot;
    }
    attempts.push_back(run_agent(device, "reboot", device.timeout).attempt);
    return attempts.back().ok;
}

}  // namespace

Way way_of(const config::FenceDevice& device) {
    const auto action = device.options.find("action");
    if (device.unfence || config::cuts_storage(name_of(device))) return Way::cut;
    if (action != device.options.end()) return action->second == "off" ? Way::cut : Way::reboot;
    // Its "off" is a message by which the node switches itself off, and nobody could switch it on again.
    return name_of(device) == "fence_sbd" ? Way::reboot : Way::cycle;
}

std::optional<bool> has_action(std::string_view metadata, std::string_view action) {
    if (metadata.find("<action name=") == std::string_view::npos) return std::nullopt;
    for (const char quote : {'"', '\''})
        if (metadata.find(fmt::format("<action name={0}{1}{0}", quote, action)) != std::string_view::npos) return true;
    return false;
}

std::string CutOff::trouble() const {
    std::string text;
    for (size_t i = 0; i < attempts.size(); ++i) {
        const bool last_of_device = i + 1 == attempts.size() || attempts[i + 1].device != attempts[i].device;
        if (last_of_device && !attempts[i].ok)
            text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", attempts[i].device, attempts[i].says);
    }
    return text.empty() ? "it has no device" : text;
}

CutOff cut_off(const FencedNode& node, const LevelOptions& options) {
    CutOff cut;
    for (const config::FenceDevice& device : node.devices) {
        // What could end the wait ends this process: the other side was faster, or the node came back.
        if (options.with_delays && device.delay.count() > 0)
            (void)poll(nullptr, 0, Deadline::after(device.delay).poll_timeout());
        InUse use{device, way_of(device)};
        for (uint32_t i = 0; i < device.attempts; ++i) {
            if (!attempt(use, options, cut.attempts)) continue;
            cut.device = device;
            cut.way = use.way;
            return cut;
        }
    }
    return cut;
}

std::optional<Attempt> switch_on(const CutOff& cut) {
    if (!cut.done() || cut.way != Way::cycle) return std::nullopt;
    return run_agent(*cut.device, "on", cut.device->timeout).attempt;
}

Unfenced unfence(const FencedNode& node) {
    Unfenced done;
    for (const config::FenceDevice& device : node.devices) {
        bool on = !device.unfence;
        for (uint32_t i = 0; !on && i < device.attempts; ++i) {
            done.attempts.push_back(run_agent(device, "on", device.timeout).attempt);
            on = done.attempts.back().ok;
        }
        if (on) continue;
        done.result =
            fail("{} does not give node {} its storage back: {}", device.name, node.name, done.attempts.back().says)
                .advise("a node that is cut off from its storage cannot mount the root");
        return done;
    }
    return done;
}

}  // namespace pando::fencing
