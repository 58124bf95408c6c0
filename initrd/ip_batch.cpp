// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/ip_batch.h"

#include "base/process.h"

#include <charconv>

namespace pando::initrd {
namespace {

// "RTNETLINK answers: File exists\nCommand failed -:7": the command is line 7 of what it was given.
std::string failed_command(const std::string& said, const std::vector<std::string>& commands) {
    constexpr std::string_view mark = "Command failed -:";
    const size_t at = said.find(mark);
    if (at == std::string::npos) return "ip";
    size_t line = 0;
    std::from_chars(said.data() + at + mark.size(), said.data() + said.size(), line);
    return line >= 1 && line <= commands.size() ? "ip " + commands[line - 1] : "ip";
}

}  // namespace

Result<> ip_batch(const std::vector<std::string>& commands, Deadline deadline) {
    std::string input;
    for (const std::string& command : commands) input += command + "\n";
    const auto done = TRY(run({.argv = {"ip", "-batch", "-"}, .input = input, .deadline = deadline}));
    if (done.ok()) return {};
    return fail("{}: {}", failed_command(done.err, commands), done.err.substr(0, done.err.find("\nCommand failed")));
}

}  // namespace pando::initrd
