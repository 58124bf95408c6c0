// SPDX-License-Identifier: GPL-2.0-or-later
// The partition with the bundle's slots and the register, among the disks that the kernel knows.
#pragma once

#include "base/result.h"
#include "base/sysroot.h"
#include "config/cluster.h"

#include <filesystem>

namespace pando::initrd {

// Of the disk that is this storage's. Error: there is none, or two that are not paths to one LUN.
Result<std::filesystem::path> find_bundle_partition(const config::Storage& storage);
Result<std::filesystem::path> find_bundle_partition(const Sysroot& root, const config::Storage& storage);

}  // namespace pando::initrd
