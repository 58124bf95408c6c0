// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/consent.h"

#include <unistd.h>
#include <iostream>

namespace pando::cli {

Result<bool> agreed(bool yes, std::string_view question) {
    if (yes) return true;
    if (isatty(STDIN_FILENO) == 0)
        return bad_input("nobody is there to ask: the input is no terminal")
            .advise("look at it with --dry-run, then give the command with --yes");
    fmt::print("{} [y/N] ", question);
    std::fflush(stdout);
    std::string answer;
    std::getline(std::cin, answer);
    return answer == "y" || answer == "yes";
}

}  // namespace pando::cli
