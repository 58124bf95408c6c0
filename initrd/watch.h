// SPDX-License-Identifier: GPL-2.0-or-later
// The process that resets a node which lost its root, its cluster or its way out (pando-survival watch), and feeds the
// watchdog that resets it when nothing of it runs any more. It lives in the chroot's namespace, in locked memory: docs/
// watchdog.md has what it looks at, and for how long.
//
// SIGTERM tells it that the exit tree is process 1: daemons end in order from then on. SIGUSR1 lets go of the watchdog,
// for a machine that is to stand still.
#pragma once

#include "base/deadline.h"
#include "base/result.h"

#include <optional>
#include <string>
#include <vector>

namespace pando::initrd {

constexpr const char* watch_name = "pando-watch";

// What the watch tells of itself, for `pando status`.
constexpr const char* watch_file = "/run/pando/watch.json";

// Made when systemd begins to stop this system (initrd/stopping.h); the watch counts from then on.
constexpr const char* stopping_file = "/run/pando/stopping";

struct WatchState {
    std::string mode;
    std::string device, identity;  // /dev/watchdog0, i6300ESB timer; empty: no watchdog is fed
    unsigned timeout = 0;          // seconds
    std::string remark;            // what is wrong with it; why there is none
};
std::string to_json(const WatchState& state);
std::optional<WatchState> parse_watch_state(const std::string& json);

// `words`: initrd/watch_rules.h. Tells readiness as sd_notify(3) does, with mode required or softdog once the card is
// open. The exit status; while all is well it does not return.
int watch_main(const std::vector<std::string>& words);

}  // namespace pando::initrd
