// SPDX-License-Identifier: GPL-2.0-or-later
// Each entry of a manifest looked at in a tree, and all that is wrong said at once.
#pragma once

#include "base/result.h"
#include "base/sysroot.h"
#include "chroot-builder/manifest.h"

#include <functional>

namespace pando::chroot {

// What is wrong with one entry; empty when nothing is.
using Judge = std::function<std::string(const std::filesystem::path& path, const Entry& entry, const Sysroot& target)>;

Result<> compare(const Manifest& manifest, const Sysroot& target, const Judge& judge);

}  // namespace pando::chroot
