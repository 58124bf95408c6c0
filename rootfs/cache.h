// SPDX-License-Identifier: GPL-2.0-or-later
// Two results are kept by the content they were made of: the stock packages (minutes of work), and the root that
// Pando's files make of them (seconds), packed and unpacked.
//
//   auto root = TRY(cached({.base = base_key, .root = root_key}, cache, {.base = make_base, .root = make_root}));
//
// What is found under its name is whole: it was on the disk, with all its content, before it got the name.
#pragma once

#include "base/deadline.h"
#include "base/result.h"

#include <filesystem>
#include <functional>
#include <string>

namespace pando::rootfs {

struct CacheKeys {
    std::string base, root;
};

struct Makers {
    // Makes the packages' archive (.tar.zst), with `work` for whatever it needs beside.
    std::function<Result<>(const std::filesystem::path& work, const std::filesystem::path& archive)> base;
    // Makes the root of the unpacked packages in `tree`.
    std::function<Result<>(const std::filesystem::path& tree)> root;
};

struct CachedRoot {
    std::filesystem::path archive, tree;
    bool reused = false;
};

// One at a time in one directory: who comes second finds what the first made. What a killed run left is removed, and
// results that have not been used for long.
Result<CachedRoot> cached(const CacheKeys& keys, const std::filesystem::path& cache, const Makers& makers);

}  // namespace pando::rootfs
