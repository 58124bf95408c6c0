// SPDX-License-Identifier: GPL-2.0-or-later
// When a node must reset itself, and which watchdog resets it if it cannot: what `pando-survival watch` decides, apart
// from where it gets its facts (initrd/watch.h). Times are since the kernel started.
//
//   if (const auto reason = judge(sight, settings, since_boot())) resetter.reset(*reason);
#pragma once

#include "base/deadline.h"
#include "base/result.h"
#include "hwdetect/inventory.h"

#include <optional>
#include <string>
#include <vector>

namespace pando::initrd {

// The card is sbd's, and the watch looks at sbd in its place.
constexpr std::string_view mode_sbd = "sbd";

// What the watch is told when it is started: it reads no cluster.yaml.
struct WatchSettings {
    std::string node;
    std::string lock_table;              // grove:root
    std::vector<std::string> storage;    // read to see that the LUN answers: its bundle partition, by every path
    std::string mode = "if-present";     // as config::Watchdog, or mode_sbd
    std::string device;                  // empty: the first card; with mode_sbd what sbd feeds, /dev/watchdog0
    Milliseconds timeout{30000};         // of the card
    Milliseconds token{3000};            // corosync's
    Milliseconds patience{60000};        // with a LUN that answers nothing
    Milliseconds shutdown{600000};       // with an orderly stop
    Milliseconds exit_patience{300000};  // with its last part, the exit tree, whose steps have bounds of their own
};

// As command line: "node=n1", "patience=60000", …
std::vector<std::string> to_words(const WatchSettings& settings);
Result<WatchSettings> parse_watch_settings(const std::vector<std::string>& words);

struct WatchedDaemon {
    std::string name;  // corosync
    pid_t pid = 0;     // 0: none of that name was found
    std::optional<Milliseconds> ended;
};

// What is seen of this node at a moment.
struct WatchSight {
    bool mounted = false;                   // GFS2 has the root, or begins to
    std::optional<Milliseconds> withdrawn;  // when it was first seen to have withdrawn
    std::vector<WatchedDaemon> daemons;     // those without which the root is lost
    Milliseconds storage_answered{0};       // when the LUN was last read, by whichever path
    std::string storage_error;              // of the last read; empty: it succeeded, or has not come back
    std::optional<Milliseconds> stopping;   // systemd has begun to stop this system
    std::optional<Milliseconds> leaving;    // the exit tree is process 1; daemons end because they are told to
};

// Why it must reset itself, in one line. Nothing: this node may go on.
std::optional<std::string> judge(const WatchSight& sight, const WatchSettings& settings, Milliseconds now);

// The card to use. Nothing: there is none. The kernel's own (softdog) counts as a card only where it is asked for.
std::optional<hwdetect::WatchdogInfo> choose_watchdog(const std::vector<hwdetect::WatchdogInfo>& cards,
                                                      const WatchSettings& settings);

// Whole seconds nearest to what is wanted that the card takes; it must know them before it is opened.
unsigned timeout_for(const hwdetect::WatchdogInfo& card, Milliseconds wanted);

// What is wrong with the timeout that the card has in the end; empty: nothing.
std::string timeout_fault(unsigned seconds, const WatchSettings& settings);

// Between two feedings of a card. To a BMC each is a message, which costs the machine time and holds up whoever else
// asks the BMC something.
Milliseconds feed_interval(unsigned seconds);

// How long a node that lost its storage may go on at most, when its kernel still runs and when it does not.
Milliseconds reset_bound(const WatchSettings& settings, unsigned watchdog_seconds);

// Between the line on the console and the reset, at most. The others may fence at once, and power that is off keeps no
// log.
constexpr Milliseconds reset_grace{3000};

}  // namespace pando::initrd
