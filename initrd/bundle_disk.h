// SPDX-License-Identifier: GPL-2.0-or-later
// The partition with the bundle's slots and the register, and that of sbd, among the disks that the kernel knows.
#pragma once

#include "base/result.h"
#include "base/sysroot.h"
#include "config/cluster.h"

#include <filesystem>
#include <vector>

namespace pando::initrd {

// Of the disk that is this storage's: one for each path by which it is reached, never empty. Error: there is none, or
// two that are not paths to one LUN.
Result<std::vector<std::filesystem::path>> find_bundle_partitions(const config::Storage& storage);
Result<std::vector<std::filesystem::path>> find_bundle_partitions(const Sysroot& root, const config::Storage& storage);

// The first of them.
Result<std::filesystem::path> find_bundle_partition(const config::Storage& storage);

// By the first path, as sbd takes another one for another disk.
Result<std::filesystem::path> find_sbd_partition(const Sysroot& root, const config::Storage& storage);

}  // namespace pando::initrd
