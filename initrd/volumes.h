// SPDX-License-Identifier: GPL-2.0-or-later
// What could hold a filesystem on this machine, with the names that libblkid finds on it: for a local disk that is
// meant by UUID or label. No udev here, so nobody has made /dev/disk.
//
//   const auto there = TRY(read_volumes(TRY(Sysroot::open("/")), cluster.storage));
#pragma once

#include "base/result.h"
#include "base/sysroot.h"
#include "chroot-builder/place.h"
#include "config/cluster.h"

#include <vector>

namespace pando::initrd {

// Partitions, and disks without any, as they are now. The cluster's own LUN, and whatever is reached over a network or
// can be pulled out or not be written, is there too, and marked as unfit.
Result<std::vector<chroot::Volume>> read_volumes(const Sysroot& root, const config::Storage& storage);

}  // namespace pando::initrd
