// SPDX-License-Identifier: GPL-2.0-or-later
// A directory taken for "/". Whatever reads the system reads through one of these, so that a test hands in a
// recorded machine, and no symlink inside it leads out (openat2 with RESOLVE_IN_ROOT).
//
//   auto root = TRY(Sysroot::open("/sysroot"));
//   auto mac = TRY(root.read_line("sys/class/net/eth0/address"));
#pragma once

#include "base/fd.h"
#include "base/result.h"

#include <sys/stat.h>
#include <filesystem>
#include <string>
#include <vector>

namespace pando {

class Sysroot {
public:
    static Result<Sysroot> open(const std::filesystem::path& directory);

    // Paths may begin with a slash or not: both mean "below this root".
    Result<UniqueFd> open_at(const std::filesystem::path& path, int flags, mode_t mode = 0) const;
    Result<std::string> read(const std::filesystem::path& path, size_t limit = 64U << 20U) const;
    Result<std::string> read_line(const std::filesystem::path& path) const;          // white space trimmed
    Result<std::string> read_link(const std::filesystem::path& path) const;          // the link's text
    Result<std::vector<std::string>> list(const std::filesystem::path& path) const;  // sorted
    Result<struct stat> stat(const std::filesystem::path& path) const;               // follows links, inside the root
    Result<struct stat> lstat(const std::filesystem::path& path) const;
    bool exists(const std::filesystem::path& path) const;

    const std::filesystem::path& directory() const { return directory_; }
    int fd() const { return fd_.get(); }

private:
    std::filesystem::path directory_;
    UniqueFd fd_;
};

}  // namespace pando
