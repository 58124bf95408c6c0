// SPDX-License-Identifier: GPL-2.0-or-later
// pando lab exec: a program in the lab's network, on this machine: ipmitool, tcpdump, a fence agent.
#include "cli/command.h"
#include "cli/lab_options.h"
#include "cli/replace.h"

#include <memory>

namespace pando::cli {

Action declare_lab_exec(CLI::App& app) {
    auto choice = std::make_shared<LabChoice>();
    choice->declare(app);
    app.fallthrough(false)->prefix_command();  // from the first word that is not ours everything is the program's
    app.footer("What follows is the program and its arguments: pando lab exec ping -c 1 10.77.0.11");
    return [choice, &app]() -> Result<int> {
        const auto lab = TRY(choice->open());
        const auto argv = words_after(app);
        if (argv.empty()) return bad_input("no program was named").advise("pando lab exec ip address, for example");
        return become_in_namespace(lab.network(), argv);
    };
}

}  // namespace pando::cli
