// SPDX-License-Identifier: GPL-2.0-or-later
// A command is one row: usage, completion and the man page all come from it.
#pragma once

#include "base/result.h"

#include <CLI/CLI.hpp>
#include <functional>
#include <string_view>
#include <vector>

namespace pando::cli {

// What runs once the command line was read. The int is the exit status of a command that did its work (0, or a
// verdict to script on); an Error becomes a message and status 1, or 2 for bad input.
using Action = std::function<Result<int>()>;

struct Command {
    std::string_view path;             // noun, then verb: "root build"
    std::string_view help;             // one line
    Action (*declare)(CLI::App& app);  // declares the options on `app`, returns what to do with them
};

const std::vector<Command>& commands();  // the table, in commands.cpp

}  // namespace pando::cli
