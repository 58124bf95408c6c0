// SPDX-License-Identifier: GPL-2.0-or-later
// Work done ahead of the stage that reports it, while other stages wait for hardware or the network. Each of these
// begins something once; the stage it belongs to collects the result and is the one that fails.
#pragma once

#include "initrd/boot.h"

namespace pando::initrd {

// Needs the node: fills the chroot from the image's manifest, writes the daemons' configuration and makes the namespace
// they will live in. Collected by stage chroot.
void begin_chroot(Boot& boot);

// Loads what the root's map and filesystem need. Collected by stage join.
void begin_root_modules(Boot& boot);

// Needs the network: asks the fence devices from inside the chroot, which it begins. Collected by stage preflight.
void begin_fence_check(Boot& boot);

}  // namespace pando::initrd
