// SPDX-License-Identifier: GPL-2.0-or-later
// Where the dynamic linker would find a library, in the tree of a Sysroot: ld.so(8)'s order, without running it.
#pragma once

#include "base/result.h"
#include "base/sysroot.h"
#include "chroot-builder/elf.h"

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace pando::chroot {

class Libraries {
public:
    explicit Libraries(const Sysroot& root);

    struct Found {
        std::filesystem::path path;  // as it was looked for; may be a symlink
        bool by_cache = false;       // only /etc/ld.so.conf names its directory, so ld.so needs its cache to find it
    };
    // `inherited`: the DT_RPATHs of the program and of whatever loaded this file, nearest first; `origin` is the
    // directory of the file that asks. Nothing: it is in none of the directories, or only for another machine.
    std::optional<Found> find(const std::string& name, const Elf& for_file, const std::filesystem::path& origin,
                              const std::vector<std::string>& inherited) const;

    // A search path of a file as directories: $ORIGIN, $LIB and $PLATFORM filled in.
    static std::vector<std::string> expand(const std::vector<std::string>& path, const std::filesystem::path& origin);

private:
    bool fits(const std::filesystem::path& path, const Elf& for_file) const;
    void read_configuration(const std::filesystem::path& file, int depth);

    const Sysroot& root_;
    std::vector<std::string> configured_;                                // the directories of /etc/ld.so.conf, in order
    mutable std::map<std::filesystem::path, std::optional<Elf>> kinds_;  // of candidates; nothing: not an ELF file
};

// Directories that ld.so searches by itself, in its order (Debian, x86-64; then where others keep 64-bit libraries).
const std::vector<std::string>& default_library_directories();

}  // namespace pando::chroot
