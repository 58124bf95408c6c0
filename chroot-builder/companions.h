// SPDX-License-Identifier: GPL-2.0-or-later
// What programs, libraries and Python packages open by name at run time, which neither a header nor an import tells:
// plugins, settings, data. One table, with a reason for what is carried and for what is left out.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pando::chroot {

struct Companion {
    enum class Carry {
        always,      // without it whoever opens it fails
        when_there,  // settings and data it can do without; then it does as it would on the machine it came from
        never,       // why it is not in the chroot, though it would be opened where it exists
    };
    std::string_view of;     // a file's name, be it with a version behind (libknet.so.1.4.0), or its last two names
    std::string_view opens;  // beside it, or an absolute path; a directory means all that is in it
    Carry carry;
    std::string_view relation;  // "encryption, opened by" …; of what is left out, the reason
    std::filesystem::path path(const std::filesystem::path& owner) const { return owner.parent_path() / opens; }
};

// The rows about one file, by its real path.
std::vector<Companion> companions_of(const std::filesystem::path& file);

}  // namespace pando::chroot
