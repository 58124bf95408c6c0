// SPDX-License-Identifier: GPL-2.0-or-later
// For commands that end by becoming another program, terminal, exit status and all.
#pragma once

#include "base/result.h"

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace pando::cli {

// What follows the command's own words, as it was typed: `lab exec ls -l` hands on `ls -l`. An optional `--` is
// dropped.
std::vector<std::string> words_after(const CLI::App& app);

// Returns only when it could not be done.
Result<int> become_in_namespace(const std::string& network, const std::vector<std::string>& argv);

}  // namespace pando::cli
