// SPDX-License-Identifier: GPL-2.0-or-later
// What process 1 does now and how long it may, in the one place that the console is told from and that an operator
// changes: stages say what they wait for, `pando-boot status|set|retry` ask and order (initrd/control_socket.h).
//
//   waiting_for("quorum: 1 of 2 votes, 2 needed; missing: n2");          // in a stage
//   [   40.02] pando: join: 40 s; waiting for quorum: …; at 300 s this machine reboots (policy reboot)
#pragma once

#include "base/deadline.h"
#include "base/fd.h"
#include "base/result.h"
#include "config/cluster.h"

#include <map>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pando::initrd {

// "join.deadline=30m", "join.policy=rescue", "rescue.deadline=1h".
struct Setting {
    std::string stage;
    config::StageSettings settings;
};
Result<Setting> parse_setting(std::string_view text);

std::string policy_name(config::Policy policy);

// What happens when a stage fails or its time is over. `failures`: before this try.
std::string what_then(config::Policy policy, unsigned failures, unsigned retries, Milliseconds rescue_patience);

struct Doing {
    enum class State { idle, stage, rescue } state = State::idle;
    std::string stage;  // that runs; in rescue the one that failed
    unsigned attempt = 1;
    Milliseconds begin{0};     // since the kernel started
    Milliseconds span{0};      // what it may take; 0: a person has taken over, no end
    std::string waiting_for;   // empty: its own work
    std::string then;          // "this machine reboots (policy reboot)"
    bool may_retry = false;    // rescue that can go on with a stage
    bool may_go_back = false;  // and with an earlier one: no daemon of the cluster runs yet
};

// The line for the console. Nothing: there is nothing to tell, or no end to tell of.
std::string waiting_line(const Doing& doing, Milliseconds now);

// When it is told next after `now`: 10 s after the begin, every 30 s then, and every minute after five.
Milliseconds next_telling(const Doing& doing, Milliseconds now);

class BootControl {
public:
    explicit BootControl(std::vector<std::string> stages = {});

    void set_stages(std::vector<std::string> stages);  // in their order
    void begin(Doing doing);                           // its time counts from now
    void end();
    void waiting_for(std::string what);
    Doing doing() const;

    // As an operator has set it for this boot, where he has.
    config::StageSettings settings(const std::string& stage) const;
    // Until when the rescue that runs waits for somebody.
    Deadline rescue_deadline() const;
    // Persons in shells of the rescue ssh: a boot that has failed waits for them as for one at a console.
    void attend(const std::string& who);
    void leave(const std::string& who);
    std::string attending() const;  // "the ssh session from 192.0.2.5"; empty: nobody
    // The stage to go on with, if somebody has asked for it since the rescue began.
    std::optional<std::string> take_retry();

    // Readable when something was asked for, so that a wait may end; read by whoever waits.
    int wake_descriptor() const { return wake_.get(); }
    void clear_wake() const;
    // Readable when something else is done than before.
    int change_descriptor() const { return change_.get(); }
    void clear_change() const;

    // A request is {"verb": "status"}, {"verb": "retry", "stage": "join"}, {"verb": "set", "setting": "join.policy=…"};
    // the answer {"ok": true, …} or {"ok": false, "error": …, "advice": …}.
    nlohmann::json answer(const nlohmann::json& request);

private:
    nlohmann::json status() const;
    Result<std::string> set(const Setting& setting);
    Result<std::string> retry(std::string stage);

    mutable std::mutex mutex_;
    std::vector<std::string> stages_;
    Doing doing_;
    std::map<std::string, config::StageSettings> settings_;
    std::optional<std::string> retry_;
    std::vector<std::string> attending_;
    UniqueFd wake_, change_;
};

// That of this process. Threads of process 1 use it as long as it lives.
BootControl& boot_control();

// What the stage that runs waits for, to boot_control().
void waiting_for(std::string what);

}  // namespace pando::initrd
