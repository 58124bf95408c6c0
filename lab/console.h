// SPDX-License-Identifier: GPL-2.0-or-later
// A blade's serial console: its log, followed as it grows, and its socket for a person.
#pragma once

#include "base/deadline.h"
#include "base/result.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace pando::lab {

// Text as it came, without the escape sequences of firmware and boot loaders and without carriage returns.
std::string plain_text(std::string_view console);
std::string last_line(std::string_view console);  // the last one that is not blank

// How much has been said so far: the offset to wait from when only what comes next counts.
uint64_t console_offset(const std::filesystem::path& log);

// The first line after `offset` in which `pattern` (an extended regular expression, or plain text) is found. Waits for
// the file to appear and to grow by inotify. Timeout: an Error that quotes the console's last lines.
Result<std::string> wait_for_console(const std::filesystem::path& log, const std::string& pattern, Deadline deadline,
                                     uint64_t offset = 0);

// Hands on everything from `offset` on until `take` returns false or the deadline passes.
Result<> follow_console(const std::filesystem::path& log, uint64_t offset, Deadline deadline,
                        const std::function<Result<bool>(std::string_view)>& take);

// Connects this terminal with the socket until Ctrl-] or until the blade goes off.
Result<> attach_console(const std::filesystem::path& socket);

}  // namespace pando::lab
