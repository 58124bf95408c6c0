// SPDX-License-Identifier: GPL-2.0-or-later
// A manifest made real: a tmpfs with the files in it, then the proof that nothing is missing.
#pragma once

#include "base/result.h"
#include "base/sysroot.h"
#include "chroot-builder/manifest.h"

#include <filesystem>

namespace pando::chroot {

// Mounts a tmpfs of at most `size` bytes at `target` (0755). Refused when the manifest does not fit in 90 % of it.
Result<> mount_tmpfs(const std::filesystem::path& target, uint64_t size, const Manifest& manifest);

// Copies from `source` into the directory `target`; what is there already with the same size and content stays.
Result<> install(const Manifest& manifest, const Sysroot& source, const std::filesystem::path& target);

// Every entry is there with its size and mode (and content, when `content` is asked for), and every ELF file's
// libraries are found inside. Error: each thing missing, and for whom.
Result<> verify(const Manifest& manifest, const Sysroot& target, bool content);

}  // namespace pando::chroot
