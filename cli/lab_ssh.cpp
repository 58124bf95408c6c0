// SPDX-License-Identifier: GPL-2.0-or-later
// pando lab ssh: a shell, or one command, on a node.
#include "cli/command.h"
#include "cli/lab_options.h"
#include "cli/replace.h"

#include <memory>

namespace pando::cli {

namespace {

struct SshOptions {
    LabChoice choice;
    std::string node;
};

}  // namespace

Action declare_lab_ssh(CLI::App& app) {
    auto options = std::make_shared<SshOptions>();
    options->choice.declare(app);
    app.fallthrough(false)->prefix_command();  // from the first word that is not ours everything is the program's
    app.add_option("NODE", options->node, "name of a node")->required();
    app.footer("What follows is the command and its arguments (none: a shell): pando lab ssh n1 uname -a");
    return [options, &app]() -> Result<int> {
        const auto lab = TRY(options->choice.open());
        return become_in_namespace(lab.network(), TRY(lab.ssh_command(options->node, words_after(app))));
    };
}

}  // namespace pando::cli
