// SPDX-License-Identifier: GPL-2.0-or-later
// The drill: for some seconds the root of this node is really suspended, and what must go on without it is asked
// whether it does. Runs in the survival set's namespace, from the chroot; whoever starts it (`pando chroot drill`) has
// looked whether it may, and hands it the plan on standard input.
#pragma once

namespace pando::initrd {

// 0: all held. 1: something did not. 2: refused.
int drill_main();

// Lets go of a root that a drill left suspended, which takes the drill and its releaser being killed.
int release_main();

}  // namespace pando::initrd
