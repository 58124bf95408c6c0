// SPDX-License-Identifier: GPL-2.0-or-later
// What a blade does when a stage has failed. Nothing here waits for ever: an unattended blade always goes on.
#pragma once

#include "base/deadline.h"
#include "initrd/boot_control.h"

#include <string>
#include <string_view>

namespace pando::initrd {

struct Rescued {
    bool somebody = false;  // used the shell, or asked for a stage
    std::string retry;      // that stage; empty: none was asked for by name
};

// A shell on the console where somebody presses a key within `patience`; any of the kernel's consoles will do. It ends
// when the person leaves it, or asks by `pando-boot retry` for the boot to go on. `offer` is what boot_control() tells
// of it meanwhile: the stage that failed, what happens when nobody comes.
Rescued rescue_shell(std::string_view why, Milliseconds patience, Doing offer = {});

// Shows the cause on the console for `delay`, a key press calls the rescue shell; then resets the machine.
[[noreturn]] void reboot_after(std::chrono::milliseconds delay);

}  // namespace pando::initrd
