// SPDX-License-Identifier: GPL-2.0-or-later
// Nodes that are stopped, rebooted, drained: what these commands have in common.
//
//   return stop_nodes(*options);
#pragma once

#include "cli/node_choice.h"
#include "nodes/remote.h"

#include <string>

namespace pando::cli {

struct StopOptions {
    NodeChoice choice;
    bool reboot = true;
    bool rolling = false, lose_quorum = false, no_drain = false, dry_run = false, yes = false;
    unsigned minutes = 20;  // for each node, or all of them at once
};

// Shows who would be stopped and the votes, asks, drains, stops, and waits until they are back, or off.
Result<int> stop_nodes(const StopOptions& options);

// The site's hooks in /etc/pando/drain.d (with `undo`: undrain.d) on these nodes, as run-parts does it. Error: one has
// failed; what was said is printed.
Result<> drain(const nodes::Remote& remote, const std::vector<std::string>& names, bool undo, Milliseconds patience);

}  // namespace pando::cli
