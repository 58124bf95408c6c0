// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/ending.h"

#include <sys/reboot.h>
#include <unistd.h>

namespace pando::initrd {

void end_machine(Ending ending) {
    sync();
    switch (ending) {
        case Ending::reboot:
            reboot(RB_AUTOBOOT);
            break;
        case Ending::power_off:
            reboot(RB_POWER_OFF);
            break;
        case Ending::halt:
            reboot(RB_HALT_SYSTEM);
            break;
    }
    // The kernel refused; process 1 must not return.
    for (;;) pause();
}

}  // namespace pando::initrd
