// SPDX-License-Identifier: GPL-2.0-or-later
// The manual page: prose from docs/man/pando.8.in, commands and options from the command tree.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>

namespace pando::cli {

// roff, with a line .\" COMMANDS where the commands go.
extern const std::string_view man_template;

std::string man_page(const CLI::App& app);

}  // namespace pando::cli
