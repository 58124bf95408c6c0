// SPDX-License-Identifier: GPL-2.0-or-later
// pando node off: nodes are stopped in order, and stay off, as long as the rest keeps quorum.
#include "cli/command.h"
#include "cli/node_power.h"

#include <memory>

namespace pando::cli {

Action declare_node_off(CLI::App& app) {
    auto options = std::make_shared<StopOptions>();
    options->reboot = false;
    options->choice.declare(app);
    app.add_flag("--rolling", options->rolling, "one after the other, each off before the next");
    app.add_flag("--lose-quorum", options->lose_quorum, "even when the rest freezes by that");
    app.add_flag("--no-drain", options->no_drain, "without the hooks in /etc/pando/drain.d");
    app.add_option("--timeout", options->minutes, "minutes for each step")
        ->capture_default_str()
        ->check(CLI::Range(1U, 1440U));
    app.add_flag("--dry-run", options->dry_run, "show who and the votes, do nothing");
    app.add_flag("--yes", options->yes, "do not ask");
    return [options] { return stop_nodes(*options); };
}

}  // namespace pando::cli
