// SPDX-License-Identifier: GPL-2.0-or-later
// How the watch learns that systemd stops this system, even when the root is frozen: a process that waits in locked
// memory for the signal with which systemd ends it (pando-stopping.service), and makes a file in memory then. Nothing
// needs to be executed or read at that time.
#pragma once

namespace pando::initrd {

int stopping_main();

}  // namespace pando::initrd
