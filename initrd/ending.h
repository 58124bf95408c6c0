// SPDX-License-Identifier: GPL-2.0-or-later
// The last call of process 1.
#pragma once

namespace pando::initrd {

enum class Ending { reboot, power_off, halt };
[[noreturn]] void end_machine(Ending ending);

}  // namespace pando::initrd
