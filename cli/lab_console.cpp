// SPDX-License-Identifier: GPL-2.0-or-later
// pando lab console: a blade's serial console, to type on or to read.
#include "base/file.h"
#include "cli/command.h"
#include "cli/lab_options.h"
#include "lab/console.h"

#include <unistd.h>
#include <memory>

namespace pando::cli {

namespace {

struct ConsoleOptions {
    LabChoice choice;
    std::string node;
    bool log = false;
    bool follow = false;
};

}  // namespace

Action declare_lab_console(CLI::App& app) {
    auto options = std::make_shared<ConsoleOptions>();
    options->choice.declare(app);
    app.add_option("NODE", options->node, "name of a node")->required();
    app.add_flag("--log", options->log, "print what the console has said so far");
    app.add_flag("--follow", options->follow, "print it, and go on with what comes");
    return [options]() -> Result<int> {
        const auto lab = TRY(options->choice.open());
        const auto log = TRY(lab.console_log(options->node));
        if (options->follow) {
            TRY(lab::follow_console(log, 0, Deadline::never(), [](std::string_view said) -> Result<bool> {
                TRY(write_all(STDOUT_FILENO, said));
                return true;
            }));
        } else if (options->log) {
            TRY(write_all(STDOUT_FILENO, TRY(read_file(log))));
        } else {
            fmt::print(stderr, "console of {}: Ctrl-] leaves\n", options->node);
            TRY(lab::attach_console(TRY(lab.console_socket(options->node))));
            fmt::print(stderr, "\n");
        }
        return 0;
    };
}

}  // namespace pando::cli
