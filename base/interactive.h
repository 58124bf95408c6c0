// SPDX-License-Identifier: GPL-2.0-or-later
// A program that has the terminal: Ctrl-C is its own, and who started it lives on to tell what became of it.
//
//   const int status = TRY(run_interactive({"apt-get", "upgrade"}, {{"INITRD", "No"}}, STDIN_FILENO));
#pragma once

#include "base/result.h"

#include <map>
#include <string>
#include <vector>

namespace pando {

// Until it ends, however long that takes. `input` becomes its standard input. The exit status; 128 + signal when a
// signal ended it.
Result<int> run_interactive(const std::vector<std::string>& argv, const std::map<std::string, std::string>& environment,
                            int input);

}  // namespace pando
