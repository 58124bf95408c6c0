// SPDX-License-Identifier: GPL-2.0-or-later
// The process that keeps the chroot's files in memory (pando-survival keep): each generation's as it comes into place.
#pragma once

namespace pando::initrd {

// Runs inside the chroot's namespace until it is killed. Tells readiness as sd_notify(3) does. The exit status.
int keeper_main();

}  // namespace pando::initrd
