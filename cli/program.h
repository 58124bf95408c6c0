// SPDX-License-Identifier: GPL-2.0-or-later
// The command line: a tree of nouns and verbs made from the command table, read, and the one command run.
//
//   Program program;
//   return program.run({"root", "build", "--profile", "debian-12"});
#pragma once

#include "cli/command.h"

#include <string>
#include <vector>

namespace pando::cli {

class Program {
public:
    explicit Program(const std::vector<Command>& table = commands());

    // The exit status: 0 or the command's own verdict, 1 when it failed, 2 when the command line (or other input)
    // is the user's to mend. Says on stderr what was wrong and what to do.
    int run(std::vector<std::string> arguments);

    // For what is generated from the tree: usage, manual page, completion.
    const CLI::App& app() const { return app_; }
    // The noun or verb that `words` name; nullptr when there is none.
    const CLI::App* find(const std::vector<std::string>& words) const;

private:
    std::string usage() const;
    Error misuse(const CLI::ParseError& error) const;

    CLI::App app_;
    bool debug_ = false;
    Action chosen_;
};

// The verbs and nouns below `app`, in the table's order.
std::vector<const CLI::App*> children(const CLI::App& app);
// Its options, those in groups too (which the parser keeps as nameless commands).
std::vector<const CLI::Option*> options(const CLI::App& app);
// "root build" for the verb build of the noun root; empty for the program itself.
std::string path_of(const CLI::App& app);
// The verbs of the tree, depth first.
std::vector<const CLI::App*> verbs(const CLI::App& app);

}  // namespace pando::cli
