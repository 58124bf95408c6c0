// SPDX-License-Identifier: GPL-2.0-or-later
// Which programs a shell script calls: found by reading its words in command position, never by running it.
//
//   read_shell("CURL=/usr/bin/curl\nif $CURL -k \"$url\" | grep -q on; then $1; fi\n")
//   -> calls /usr/bin/curl (line 2), grep (line 2); unknown: $1 (line 2)
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace pando::chroot {

struct ShellWord {
    std::string text;
    size_t line = 0;
    bool operator==(const ShellWord&) const = default;
};

struct ShellSource {
    std::vector<ShellWord> calls;     // programs, by name or path; neither the shell's own words nor its functions
    std::vector<ShellWord> optional;  // the script looks whether they are there: command -v, which, type, hash
    std::vector<ShellWord> sourced;   // files read by `.` and `source`
    std::vector<ShellWord> unknown;   // commands whose name is only known when the script runs, as they are written
};

// Never fails: what is no shell script yields little of use. All dialects that Debian's /bin/sh and bash have in
// common.
ShellSource read_shell(std::string_view text);

// Does a script with this interpreter (its file name) go to read_shell()?
bool is_shell(std::string_view interpreter);

}  // namespace pando::chroot
