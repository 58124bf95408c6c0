// SPDX-License-Identifier: GPL-2.0-or-later
// The last call of process 1.
#pragma once

namespace pando::initrd {

enum class Ending { reboot, power_off, halt };

// Writes back what is in memory, for a few seconds at most: a filesystem that hangs is often why we are here.
[[noreturn]] void end_machine(Ending ending);

}  // namespace pando::initrd
