// SPDX-License-Identifier: GPL-2.0-or-later
// What an ELF file asks of the dynamic linker, read from its headers. The file may be truncated or hostile.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pando::chroot {

struct Elf {
    uint16_t machine = 0;              // EM_X86_64, …
    uint8_t bits = 0;                  // ELFCLASS32 or ELFCLASS64
    std::string interpreter;           // PT_INTERP; empty: static, or a library
    std::vector<std::string> needed;   // DT_NEEDED, in order
    std::vector<std::string> rpath;    // DT_RPATH, split; $ORIGIN as it stands
    std::vector<std::string> runpath;  // DT_RUNPATH, split

    // Can a process of this kind load the other?
    bool same_kind(const Elf& other) const { return machine == other.machine && bits == other.bits; }
};

inline bool is_elf(std::string_view content) {
    return content.starts_with(
        "\x7f"
        "ELF");
}

// Error: which part of the file does not hold together.
Result<Elf> read_elf(std::string_view content);

// X for every exported PyInit_X: the modules that are built into a Python interpreter.
std::vector<std::string> builtin_python_modules(std::string_view content);

}  // namespace pando::chroot
