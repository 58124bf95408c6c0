// SPDX-License-Identifier: GPL-2.0-or-later
// The partition table of a disk that is no block device here: a LUN reached in user space, a lab's file.
//
//   auto bundle = TRY(open_partition(std::move(lun), partition_bundle));
#pragma once

#include "base/result.h"
#include "base/store.h"
#include "rootfs/lun.h"

#include <memory>
#include <string_view>
#include <vector>

namespace pando::rootfs {

// By the primary table, or the backup at the disk's end when the primary is damaged. Sectors of 512 or 4096 bytes.
// Checksums and bounds are checked: what is returned lies on the disk.
Result<std::vector<Partition>> read_gpt(Store& disk);

// The partition of this name. An error says when there is none, or more than one.
Result<std::unique_ptr<Store>> open_partition(std::unique_ptr<Store> disk, std::string_view name);

}  // namespace pando::rootfs
