// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/policy.h"

#include "base/fd.h"
#include "base/log.h"
#include "base/process.h"
#include "hwdetect/coldplug.h"
#include "initrd/console.h"
#include "initrd/ending.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

namespace pando::initrd {
namespace {

// The console on which a key was pressed before the deadline; empty when none was.
std::string pressed_console(Deadline deadline) {
    const std::vector<std::string> paths = console_devices();
    std::vector<UniqueFd> consoles;
    std::vector<pollfd> inputs;
    for (const std::string& path : paths) {
        consoles.emplace_back(open(path.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
        tcflush(consoles.back().get(), TCIFLUSH);              // keys pressed at the boot loader do not count
        inputs.push_back({consoles.back().get(), POLLIN, 0});  // poll passes over one that could not be opened
    }
    while (!deadline.passed()) {
        if (poll(inputs.data(), inputs.size(), deadline.poll_timeout()) <= 0) continue;
        for (size_t i = 0; i < inputs.size(); ++i) {
            if ((inputs[i].revents & POLLIN) != 0) {
                tcflush(inputs[i].fd, TCIFLUSH);  // that key is no command to the shell
                return paths[i];
            }
            if (inputs[i].revents != 0) inputs[i].fd = -1;  // nobody can be there
        }
    }
    return {};
}

// In the child, before the shell: system calls only.
bool take_console(const char* path) {
    if (setsid() < 0) return false;
    const int console = open(path, O_RDWR);
    if (console < 0) return false;
    ioctl(console, TIOCSCTTY, 1);
    return dup2(console, 0) >= 0 && dup2(console, 1) >= 0 && dup2(console, 2) >= 0;
}

}  // namespace

bool rescue_shell(std::string_view why, Deadline deadline) {
    // A keyboard needs drivers that no boot waits for; which of them this image and machine have is not known.
    for (const std::string& name : hwdetect::console_modules()) (void)hwdetect::load_modules({name});
    log::info("{}; press Enter for a shell (within {} s)", why, (deadline.remaining().count() + 999) / 1000);
    const std::string console = pressed_console(deadline);
    if (console.empty()) return false;
    auto shell = Child::spawn({.argv = {"/bin/sh", "-i"},
                               .env = {{"PS1", "pando# "}, {"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"}},
                               .prepare = [path = console.c_str()] { return take_console(path); }});
    if (!shell) {
        log::write(shell.error());
        return false;
    }
    (void)shell->wait(Deadline::never());  // a person is there
    return true;
}

void reboot_after(std::chrono::milliseconds delay) {
    (void)rescue_shell(fmt::format("this machine reboots in {} s", delay.count() / 1000), Deadline::after(delay));
    end_machine(Ending::reboot);
}

}  // namespace pando::initrd
