// SPDX-License-Identifier: GPL-2.0-or-later
// pando root apt, pando root shell: changing the root that all nodes share.
#include "cli/command.h"
#include "cli/replace.h"
#include "cli/root_change.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <cstdlib>
#include <memory>

namespace pando::cli {
namespace {

std::string shell() {
    const char* own = std::getenv("SHELL");
    return own != nullptr && *own == '/' ? own : "/bin/bash";
}

}  // namespace

Action declare_root_apt(CLI::App& app) {
    app.fallthrough(false)->prefix_command();  // from the first word that is not ours everything is apt-get's
    app.footer("What follows are apt-get's own words: pando root apt upgrade --with-new-pkgs");
    return [&app]() -> Result<int> {
        std::vector<std::string> argv = {"apt-get"};
        const auto words = words_after(app);
        if (words.empty())
            return bad_input("apt-get was not told what to do").advise("pando root apt upgrade, for example");
        argv.insert(argv.end(), words.begin(), words.end());
        // An initramfs of initramfs-tools boots nobody here.
        return change_root(argv, fmt::format("{}", fmt::join(argv, " ")), {{"INITRD", "No"}});
    };
}

Action declare_root_shell(CLI::App& app) {
    app.fallthrough(false)->prefix_command();
    app.footer("A shell, or the command that follows: pando root shell dpkg --configure -a");
    return [&app]() -> Result<int> {
        auto argv = words_after(app);
        const std::string shown = argv.empty() ? "a shell" : fmt::format("{}", fmt::join(argv, " "));
        if (argv.empty()) {
            fmt::print(
                "A shell on the root of all nodes. Leave it with exit; then every node follows what was changed.\n");
            argv = {shell(), "-i"};
        }
        return change_root(argv, shown, {{"INITRD", "No"}, {"PANDO_ROOT_SHELL", "1"}});
    };
}

}  // namespace pando::cli
