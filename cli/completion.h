// SPDX-License-Identifier: GPL-2.0-or-later
// Completion for shells, generated from the command tree: nouns, verbs and options; file names for the rest.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace pando::cli {

std::string bash_completion(const CLI::App& app);
std::string zsh_completion(const CLI::App& app);

}  // namespace pando::cli
