// SPDX-License-Identifier: GPL-2.0-or-later
// pando lab down: ends a lab and leaves nothing of it behind.
#include "cli/command.h"
#include "cli/lab_options.h"

#include <memory>

namespace pando::cli {

namespace {

struct DownOptions {
    LabChoice choice;
    bool purge = false;
};

}  // namespace

Action declare_lab_down(CLI::App& app) {
    auto options = std::make_shared<DownOptions>();
    options->choice.declare(app);
    app.add_flag("--purge", options->purge, "remove the logs, too");
    return [options]() -> Result<int> {
        const auto say = [](std::string_view line) { fmt::print("{}\n", line); };
        TRY(lab::Lab::down(options->choice.name, options->choice.state, options->purge, say));
        return 0;
    };
}

}  // namespace pando::cli
