// SPDX-License-Identifier: GPL-2.0-or-later
// Where a booting blade speaks: every kernel console, and the kernel's log so that it survives into the journal.
#pragma once

#include "base/log.h"

#include <string>
#include <vector>

namespace pando::initrd {

// Those the kernel writes to: /dev/ttyS0.
std::vector<std::string> console_devices();

// Makes this the log's sink: "[   12.3] pando: text" on each console of /sys/class/tty/console/active.
void log_to_consoles(bool debug);

}  // namespace pando::initrd
