// SPDX-License-Identifier: GPL-2.0-or-later
// The boot files as sets: a blade fetches three files in turn, and must never get some of one build and some of
// another, whether a build comes in between or the power goes.
//
//   OUTPUT/sets/ID/             vmlinuz, pando.img, boot.ipxe; ID is that of their content
//   OUTPUT/current -> sets/ID   one rename makes a set the one to boot
//   OUTPUT/vmlinuz -> current/vmlinuz, and so on: the names that servers, scripts and people use
//
// boot.ipxe, fetched first, names the files by their set's own directory. So that a blade which has it can go on, the
// set before the current one is kept.
#pragma once

#include "base/result.h"

#include <array>
#include <filesystem>
#include <string>
#include <string_view>

namespace pando::initrd {

// boot.ipxe comes first: from its rename on, no blade needs the others under these names.
inline constexpr std::array boot_file_names = {"boot.ipxe", "vmlinuz", "pando.img"};

// "sets/ID" for the kernel and image in `directory` and what boot.ipxe says beside its own directory.
Result<std::string> set_of(const std::filesystem::path& directory, std::string_view script);

// Moves `directory`, which holds the three files and lies in a work directory on the same filesystem, to `output`/`set`
// and makes it the current one.
Result<> publish_set(const std::filesystem::path& directory, const std::filesystem::path& output,
                     const std::filesystem::path& set);

}  // namespace pando::initrd
