// SPDX-License-Identifier: GPL-2.0-or-later
// The step from the initramfs to the shared root: carries /run /dev /proc /sys over, frees the initramfs' memory and
// becomes the root's init.
#pragma once

#include "base/result.h"

#include <filesystem>

namespace pando::initrd {

// Returns only with an error. Its advice says when too much was moved to try again.
Result<> switch_root(const std::filesystem::path& root, const std::filesystem::path& init);

}  // namespace pando::initrd
