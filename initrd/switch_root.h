// SPDX-License-Identifier: GPL-2.0-or-later
// The step from the initramfs to the shared root: carries /run /dev /proc /sys over, frees the initramfs' memory and
// becomes the root's init.
#pragma once

#include "base/result.h"

#include <filesystem>

namespace pando::initrd {

// Returns only with an error, and only before anything was moved.
Result<> switch_root(const std::filesystem::path& root, const std::filesystem::path& init);

}  // namespace pando::initrd
