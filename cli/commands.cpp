// SPDX-License-Identifier: GPL-2.0-or-later
// The command table. A verb is declared in the file named after it and has its row here.
#include "cli/command.h"

namespace pando::cli {

Action declare_hw_probe(CLI::App& app);
Action declare_image_build(CLI::App& app);
Action declare_status(CLI::App& app);

const std::vector<Command>& commands() {
    static const std::vector<Command> table = {
        {"hw probe", "what this machine is: identity, NICs, watchdogs, BMC", declare_hw_probe},
        {"image build", "make the boot files: kernel, image, bundle, iPXE script", declare_image_build},
        {"status", "what holds on this node now, also while its root is frozen", declare_status},
    };
    return table;
}

}  // namespace pando::cli
