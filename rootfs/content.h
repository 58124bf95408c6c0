// SPDX-License-Identifier: GPL-2.0-or-later
// What a root tree says about itself in /.pando/root.json: its key, how much it holds, and a sample of its files by
// checksum. An installation is believed when the sample reads back right from the LUN.
#pragma once

#include "base/deadline.h"
#include "base/result.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

namespace pando::rootfs {

constexpr const char* content_file = ".pando/root.json";         // below the root
constexpr const char* installed_file = ".pando/installed.json";  // written last, by the installation

struct Content {
    std::string key;
    uint64_t files = 0;  // regular files
    uint64_t bytes = 0;
    std::map<std::filesystem::path, std::string> sample;  // path below the root: sha256

    std::string to_json() const;
    static Result<Content> from_json(std::string_view json);
};

// Reads the whole tree's names and sizes, and the files of the sample.
Result<Content> survey(const std::filesystem::path& tree, std::string_view key);

// Reads the content file of the tree and the files of its sample. Error: what differs.
Result<Content> verify_content(const std::filesystem::path& tree, Deadline deadline);

// Does the installation's own file read back, and name `key`?
Result<> verify_installed(const std::filesystem::path& tree, std::string_view key);

// Names, modes, links and content of a directory, as one checksum.
Result<std::string> tree_checksum(const std::filesystem::path& directory);

}  // namespace pando::rootfs
