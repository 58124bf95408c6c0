// SPDX-License-Identifier: GPL-2.0-or-later
// pando lab wait: until a node is where a script needs it, with a bound.
#include "base/process.h"
#include "cli/command.h"
#include "cli/lab_options.h"
#include "lab/wait.h"

#include <memory>
#include <nlohmann/json.hpp>

namespace pando::cli {
namespace {

struct Options {
    LabChoice choice;
    std::string node;
    bool booted = false, off = false;
    std::string console;
    unsigned timeout = 300;
};

// The node says so itself, over ssh: it may not be reachable yet, which is no error but a reason to look again.
Result<bool> is_booted(const lab::Lab& lab, const std::string& node, Deadline deadline) {
    auto said = lab.ssh(node, {"cat", "/run/pando/boot.json"}, deadline.capped(std::chrono::seconds(20)));
    if (!said || !said->ok()) return false;
    const auto boot = nlohmann::json::parse(said->out, nullptr, false);
    return boot.is_object() && boot.value("state", "") == "booted";
}

}  // namespace

Action declare_lab_wait(CLI::App& app) {
    auto options = std::make_shared<Options>();
    options->choice.declare(app);
    app.add_option("NODE", options->node, "name of a node")->required();
    auto* what = app.add_option_group("what");
    what->add_flag("--booted", options->booted, "until it has booted from the shared root");
    what->add_flag("--off", options->off, "until it has switched itself off");
    what->add_option("--console", options->console,
                     "until a line of its console since it was switched on matches this expression; prints the line");
    what->require_option(1);
    app.add_option("--timeout", options->timeout, "seconds")->capture_default_str();
    return [options]() -> Result<int> {
        const auto lab = TRY(options->choice.open());
        const Deadline deadline = Deadline::after(std::chrono::seconds(options->timeout));
        const std::string& node = options->node;
        if (options->booted) {
            TRY(lab::wait_until(
                node + " to boot", deadline, nullptr, [&] { return is_booted(lab, node, deadline); },
                lab::between_programs));
        } else if (options->off) {
            TRY(lab.wait_for_off(node, deadline));
        } else {
            fmt::print("{}\n", TRY(lab.wait_for_console(node, options->console, deadline, lab.power_on_offset(node))));
        }
        return 0;
    };
}

}  // namespace pando::cli
