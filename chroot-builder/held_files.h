// SPDX-License-Identifier: GPL-2.0-or-later
// Files kept in memory: as long as this lives, no page of them goes to swap or has to be read again. A tmpfs can be
// swapped out, and where a node has swap, it may lie beside the root.
//
//   auto held = TRY(HeldFiles::hold({"/usr/", "/etc"}));
#pragma once

#include "base/result.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <vector>

namespace pando::chroot {

class HeldFiles {
public:
    // Every regular file below the directories. Error: one of them cannot be opened or locked.
    static Result<HeldFiles> hold(const std::vector<std::filesystem::path>& directories);

    HeldFiles() = default;
    HeldFiles(HeldFiles&& other) noexcept;
    HeldFiles& operator=(HeldFiles&& other) noexcept;
    ~HeldFiles();

    size_t count() const { return mappings_.size(); }
    uint64_t bytes() const;  // whole pages

private:
    Result<> add(const std::filesystem::path& file);

    struct Mapping {
        void* start = nullptr;
        size_t length = 0;
    };
    std::vector<Mapping> mappings_;
};

}  // namespace pando::chroot
