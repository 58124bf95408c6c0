// SPDX-License-Identifier: GPL-2.0-or-later
// The ends of mounts. Each is a system call that may wait for a fencing or for a dying disk and cannot be interrupted,
// so a child makes it.
//
//   TRY(unmount("/oldroot", 0, deadline));
#pragma once

#include "base/deadline.h"
#include "base/result.h"

#include <filesystem>
#include <string>

namespace pando::initrd {

Result<> unmount(const std::filesystem::path& point, int flags, Deadline deadline);

// For what cannot be unmounted since we run from it: read-only, its filesystem is as clean. It becomes so in every
// namespace. The device; empty: nothing that could be written to is mounted there.
Result<std::string> make_read_only(const std::filesystem::path& point, Deadline deadline);

}  // namespace pando::initrd
