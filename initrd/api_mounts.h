// SPDX-License-Identifier: GPL-2.0-or-later
// The kernel's own file systems, as the first thing process 1 does: /proc /sys /dev /run and what belongs below them.
#pragma once

#include "base/result.h"

namespace pando::initrd {

Result<> mount_api_filesystems();
// /sys/kernel/config, once the configfs module is there. Before the chroot's namespace is made: it would miss it.
Result<> mount_configfs();

}  // namespace pando::initrd
