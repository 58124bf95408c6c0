// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/ending.h"

#include "base/process.h"

#include <sys/reboot.h>
#include <unistd.h>

namespace pando::initrd {
namespace {

constexpr auto sync_patience = std::chrono::seconds(5);

// In a child: a sync() that meets a frozen filesystem never returns.
void sync_within_bounds() {
    const pid_t pid = fork();
    if (pid == 0) {
        sync();
        _exit(0);
    }
    if (pid < 0) return;
    if (auto child = Child::adopt(pid)) (void)child->wait(Deadline::after(sync_patience));
}

}  // namespace

void end_machine(Ending ending) {
    sync_within_bounds();
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
