// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/policy.h"

#include "base/fd.h"
#include "base/log.h"
#include "base/process.h"
#include "hwdetect/coldplug.h"
#include "initrd/ending.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

namespace pando::initrd {
namespace {

// True when a key was pressed on the console before the deadline.
bool key_pressed(Deadline deadline) {
    UniqueFd console(open("/dev/console", O_RDWR | O_NOCTTY | O_CLOEXEC));
    if (!console.valid()) return false;
    tcflush(console.get(), TCIFLUSH);  // keys pressed at the boot loader do not count
    pollfd input{console.get(), POLLIN, 0};
    return poll(&input, 1, deadline.poll_timeout()) > 0 && (input.revents & POLLIN) != 0;
}

bool take_console() {
    if (setsid() < 0) return false;
    const int console = open("/dev/console", O_RDWR);
    if (console < 0) return false;
    ioctl(console, TIOCSCTTY, 1);
    return dup2(console, 0) >= 0 && dup2(console, 1) >= 0 && dup2(console, 2) >= 0;
}

}  // namespace

bool rescue_shell(std::string_view why, Deadline deadline) {
    log::info("{}", why);
    // A keyboard needs drivers that no boot waits for; which of them this image and machine have is not known.
    for (const std::string& name : hwdetect::console_modules()) (void)hwdetect::load_modules({name});
    log::info("press Enter for a shell (within {} s)", deadline.remaining().count() / 1000);
    if (!key_pressed(deadline)) return false;
    auto shell = Child::spawn({.argv = {"/bin/sh", "-i"},
                               .env = {{"PS1", "pando# "}, {"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"}},
                               .prepare = take_console});
    if (!shell) {
        log::write(shell.error());
        return false;
    }
    (void)shell->wait(Deadline::never());  // a person is there
    return true;
}

void reboot_after(std::chrono::milliseconds delay) {
    log::info("this machine reboots in {} s; press Enter for a shell", delay.count() / 1000);
    if (key_pressed(Deadline::after(delay)))
        (void)rescue_shell("reboot held", Deadline::after(std::chrono::minutes(5)));
    end_machine(Ending::reboot);
}

}  // namespace pando::initrd
