// SPDX-License-Identifier: GPL-2.0-or-later
// Scripts of any kind in the place of a fence agent, for both readers: none may crash one or keep it busy.
#include "base/file.h"
#include "chroot-builder/python_source.h"
#include "chroot-builder/shell_source.h"
#include "tests/fuzz/driver.h"

#include <fmt/format.h>
#include <stdexcept>

namespace pando::fuzz {

std::vector<std::string> seeds() {
    const auto shell = read_file(TEST_SOURCE "/tests/data/chroot/own-agent.files/usr/local/sbin/fence_mine");
    const auto python = read_file(TEST_SOURCE "/tests/data/devices/redfish.py");
    if (!shell || !python) throw std::runtime_error("the seeds are not there");
    return {*shell, *python, "a() { b \"$(c `d`)\" <<E; }\n$(e)\nE\nfor x in f g; do $x; done; case h in i) j;; esac\n",
            "try:\n    import a.b as c\nexcept ImportError: from . import (d,\n e)\nsubprocess.run(['f', g])\n"};
}

std::vector<std::string> words() {
    return {"$(",       "`",    "\"",      "'",      "${",          "}",  "((",     "))",          "<<",      "<<-'E'",
            "case ",    " in ", "esac",    ";;",     "for ",        "do", "done",   "if ",         "fi",      "()",
            "{",        "\\",   "eval ",   "sh -c ", "trap ",       ". ", "a=$a$a", "command -v ", "import ", "from ",
            "def f():", "try:", "except:", "\"\"\"", "__import__(", ":",  "\n",     "\t",          "#"};
}

std::string look_at(std::string_view input) {
    const auto source = chroot::read_shell(input);
    for (const auto* list : {&source.calls, &source.optional, &source.sourced, &source.unknown})
        for (const chroot::ShellWord& word : *list)
            if (word.line == 0) return fmt::format("{} stands on no line", word.text);
    for (const chroot::ShellWord& call : source.calls)
        if (call.text.empty()) return "a program without a name";
    (void)chroot::read_python(input);
    return {};
}

}  // namespace pando::fuzz
