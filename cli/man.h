// SPDX-License-Identifier: GPL-2.0-or-later
// The manual pages: prose from docs/man/pando.8.in, commands and options from the command tree.
//
//   man_page(program.app())                    // pando(8): all in one
//   man_page_of(*program.find({"hw", "diff"})) // pando-hw-diff(8): one command
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>

namespace pando::cli {

// roff, with a line .\" COMMANDS where the commands go.
extern const std::string_view man_template;

std::string man_page(const CLI::App& app);

// The page of one verb: what the manual says of it, its options, and its neighbours.
std::string man_page_of(const CLI::App& verb);
// "pando-hw-diff"
std::string man_name_of(const CLI::App& verb);

}  // namespace pando::cli
