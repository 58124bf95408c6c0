// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/replace.h"

#include "base/process.h"
#include "lab/network.h"

#include <unistd.h>
#include <cerrno>
#include <cstdio>

namespace pando::cli {

std::vector<std::string> words_after(const CLI::App& app) { return app.remaining(); }

Result<int> become_in_namespace(const std::string& network, const std::vector<std::string>& argv) {
    const auto program = TRY(find_program(argv.at(0)));
    TRY(lab::move_into_namespace(network));
    std::fflush(nullptr);
    std::vector<std::string> words = argv;
    std::vector<char*> pointers;
    for (auto& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    execv(program.c_str(), pointers.data());
    return fail_errno(errno, "executing {}", program.string());
}

}  // namespace pando::cli
