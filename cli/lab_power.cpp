// SPDX-License-Identifier: GPL-2.0-or-later
// pando lab power: switches a blade by its BMC, over IPMI as with real hardware.
#include "cli/command.h"
#include "cli/lab_options.h"

#include <memory>
#include <optional>

namespace pando::cli {

namespace {

struct PowerOptions {
    LabChoice choice;
    std::string node;
    std::string action;
    std::optional<std::string> kernel_arguments;
};

}  // namespace

Action declare_lab_power(CLI::App& app) {
    auto options = std::make_shared<PowerOptions>();
    options->choice.declare(app);
    app.add_option("NODE", options->node, "name of a node")->required();
    app.add_option("ACTION", options->action, "on, off (hard), cycle, reset or status")->required();
    app.add_option("--kernel-arguments", options->kernel_arguments, "added at this node's boots from now on");
    return [options]() -> Result<int> {
        const auto lab = TRY(options->choice.open());
        if (options->kernel_arguments) TRY(lab.set_kernel_arguments(options->node, *options->kernel_arguments));
        if (options->action == "status") {
            fmt::print("{}\n", lab::to_string(TRY(lab.power_state(options->node))));
            return 0;
        }
        TRY(lab.power(options->node, TRY(lab::parse_power_action(options->action))));
        return 0;
    };
}

}  // namespace pando::cli
