// SPDX-License-Identifier: GPL-2.0-or-later
// The command table. A verb is declared in the file named after it and has its row here.
#include "cli/command.h"

namespace pando::cli {

const std::vector<Command>& commands() {
    static const std::vector<Command> table = {
    };
    return table;
}

}  // namespace pando::cli
