// SPDX-License-Identifier: GPL-2.0-or-later
// From a tree of stock packages to a root that nodes can share: Pando's files over it, units masked and enabled, what
// belongs to one machine removed, made context-dependent where nodes differ, and looked over.
#pragma once

#include "base/result.h"
#include "rootfs/build.h"

#include <filesystem>
#include <string_view>

namespace pando::rootfs {

// `tree` is changed. Its content file is written last, with `key` in it.
Result<> finish(const std::filesystem::path& tree, const Profile& profile, const PandoFiles& pando,
                std::string_view key);

// The programs and kernel modules without which a node does not boot. Error: all that is missing.
Result<> require_parts(const std::filesystem::path& tree);

}  // namespace pando::rootfs
