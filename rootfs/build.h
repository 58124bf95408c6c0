// SPDX-License-Identifier: GPL-2.0-or-later
// Making a root tree: mmdebstrap with a profile in YAML, package sources taken from the host's own apt set-up,
// the result cached by content.
//
//   auto profile = TRY(load_profile("debian.yaml"));
//   auto root = TRY(build(profile, {.packages = "build/packages"}, "/var/cache/pando"));
#pragma once

#include "base/result.h"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace pando::rootfs {

struct Profile {
    std::string suite;  // empty: the host's
    std::vector<std::string> packages;
    std::vector<std::string> exclude_paths;  // dpkg path-exclude
    std::vector<std::string> include_paths;  // dpkg path-include: exceptions from the former
    std::vector<std::string> mask_units;     // systemd units that must not run on a shared root
    std::vector<std::string> enable_units;
    std::string content;  // the file's text, part of the cache key
};

Result<Profile> load_profile(const std::filesystem::path& yaml);
Result<Profile> parse_profile(std::string_view yaml, std::string_view file_name);

struct BuiltRoot {
    std::filesystem::path archive;  // .tar.zst of the whole tree, Pando's own files included
    std::filesystem::path tree;     // unpacked beside it: for building images from
    std::string key;                // of the content that went in
    bool reused = false;
};

// Where Pando's own files come from; one of the two.
struct PandoFiles {
    std::filesystem::path packages = {};  // a directory with pando_….deb and pando-node_….deb, which dpkg installs
    std::filesystem::path tree = {};  // laid over the packages: what `cmake --install` with DESTDIR made, prefix /usr
};

// The two packages in the directory, pando's first. Error: one of them is missing, or there in several versions.
Result<std::vector<std::filesystem::path>> node_packages(const std::filesystem::path& directory);

// Below `cache`/root; two runs at once wait for each other. The packages are made anew when the host's apt knows other
// versions of them than those in the cache, so an offline host goes on using what it has.
Result<BuiltRoot> build(const Profile& profile, const PandoFiles& pando, const std::filesystem::path& cache);

}  // namespace pando::rootfs
