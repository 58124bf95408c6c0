// SPDX-License-Identifier: GPL-2.0-or-later
// A blank LUN gets Pando's partitions: pando-bundle, whose slots and register are empty, pando-sbd, and the room for a
// root, called pando-root-unfinished until an installation has filled it.
//
//   TRY(prepare_lun("/dev/sda", "", deadline));
//
// Cut short anywhere, it is completed by the next run: a mark at the LUN's beginning tells that it was begun, and the
// partition table appears only when all else is done.
#pragma once

#include "base/deadline.h"
#include "base/result.h"

#include <filesystem>
#include <string>

namespace pando::rootfs {

// A block device or a plain file. One that is prepared already, or installed, needs nothing. Whatever else is on it is
// an error, unless `overwrite` is a name of this LUN (serial, WWN or a UUID on it). Changes nothing.
Result<bool> needs_preparing(const std::filesystem::path& lun, const std::string& overwrite);

// Where it needs that.
Result<> prepare_lun(const std::filesystem::path& lun, const std::string& overwrite, Deadline deadline);

}  // namespace pando::rootfs
