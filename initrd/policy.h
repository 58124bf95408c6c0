// SPDX-License-Identifier: GPL-2.0-or-later
// What a blade does when a stage has failed. Nothing here waits for ever: an unattended blade always goes on.
#pragma once

#include "base/deadline.h"

#include <string_view>

namespace pando::initrd {

// A shell on the console where somebody presses a key before the deadline; any of the kernel's consoles will do. It
// ends when the person leaves it. True when somebody used it.
bool rescue_shell(std::string_view why, Deadline deadline);

// Shows the cause on the console for `delay`, a key press calls the rescue shell; then resets the machine.
[[noreturn]] void reboot_after(std::chrono::milliseconds delay);

}  // namespace pando::initrd
