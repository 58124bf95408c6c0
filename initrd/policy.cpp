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
#include <array>
#include <csignal>

namespace pando::initrd {
namespace {

struct Pressed {
    std::string console;               // on which a key was pressed; empty: on none
    std::optional<std::string> retry;  // a stage that somebody asked for
    bool left = false;                 // who was here by ssh has gone
};

// Until a key is pressed, a stage is asked for, or nobody has come within the time; pando-boot set changes that. Who is
// here by ssh has no deadline, and keeps nobody from the console.
Pressed wait_for_somebody(Doing offer) {
    const std::vector<std::string> paths = console_devices();
    std::vector<UniqueFd> consoles;
    std::vector<pollfd> inputs;
    for (const std::string& path : paths) {
        consoles.emplace_back(open(path.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
        tcflush(consoles.back().get(), TCIFLUSH);              // keys pressed at the boot loader do not count
        inputs.push_back({consoles.back().get(), POLLIN, 0});  // poll passes over one that could not be opened
    }
    inputs.push_back({boot_control().wake_descriptor(), POLLIN, 0});
    for (bool attended = false;;) {
        const std::string who = boot_control().attending();
        if (who.empty() && attended) return {.left = true};
        if (!who.empty() && !attended) {
            attended = true;
            offer.span = Milliseconds(0);
            offer.waiting_for = who + ", or Enter at a console";
            boot_control().begin(offer);
            log::info("rescue: this machine waits for {}", who);
        }
        if (!attended && boot_control().rescue_deadline().passed()) return {};
        const int timeout = attended ? -1 : boot_control().rescue_deadline().poll_timeout();
        if (poll(inputs.data(), inputs.size(), timeout) <= 0) continue;
        if (inputs.back().revents != 0) boot_control().clear_wake();
        if (auto stage = boot_control().take_retry()) return {.retry = std::move(stage)};
        for (size_t i = 0; i < paths.size(); ++i) {
            if ((inputs[i].revents & POLLIN) != 0) {
                tcflush(inputs[i].fd, TCIFLUSH);  // that key is no command to the shell
                return {.console = paths[i]};
            }
            if (inputs[i].revents != 0) inputs[i].fd = -1;  // nobody can be there
        }
    }
}

// The stage that was asked for while the shell was open, which ends with that.
std::optional<std::string> wait_for_shell(Child& shell) {
    std::array<pollfd, 2> events{pollfd{shell.pidfd(), POLLIN, 0}, pollfd{boot_control().wake_descriptor(), POLLIN, 0}};
    for (;;) {
        if (poll(events.data(), events.size(), -1) <= 0) continue;  // a person is there
        if (events[1].revents != 0) boot_control().clear_wake();
        auto stage = boot_control().take_retry();
        if (stage) {
            kill(shell.pid(), SIGHUP);  // what a terminal's end is to a shell; it takes no other
            (void)shell.stop(std::chrono::seconds(2));
            return stage;
        }
        if (events[0].revents != 0) {
            (void)shell.wait(Deadline::after(Milliseconds(0)));
            return std::nullopt;
        }
    }
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

Rescued rescue_shell(std::string_view why, Milliseconds patience, Doing offer) {
    // A keyboard needs drivers that no boot waits for; which of them this image and machine have is not known.
    for (const std::string& name : hwdetect::console_modules()) (void)hwdetect::load_modules({name});
    offer.state = Doing::State::rescue;
    offer.span = patience;
    offer.waiting_for =
        "somebody: Enter at a console, a shell by ssh" + std::string(offer.may_retry ? ", or pando-boot retry" : "");
    boot_control().begin(offer);
    log::info("{}; press Enter for a shell (within {} s)", why, (patience.count() + 999) / 1000);
    Pressed pressed = wait_for_somebody(offer);
    bool somebody = pressed.retry.has_value() || pressed.left;
    if (!pressed.console.empty()) {
        offer.span = Milliseconds(0);
        offer.waiting_for = "the person in the shell on " + pressed.console;
        boot_control().begin(offer);
        auto shell = Child::spawn({.argv = {"/bin/sh", "-i"},
                                   .env = {{"PS1", "pando# "}, {"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"}},
                                   .prepare = [path = pressed.console.c_str()] { return take_console(path); }});
        if (!shell) {
            log::write(shell.error());
        } else {
            if (offer.may_retry) log::info("shell: pando-boot says what can be done; its exit goes on");
            pressed.retry = wait_for_shell(*shell);
            somebody = true;
        }
    }
    boot_control().end();
    return {somebody, pressed.retry.value_or("")};
}

void reboot_after(Milliseconds delay) {
    Doing offer;
    offer.then = "this machine reboots";
    (void)rescue_shell(fmt::format("this machine reboots in {} s", delay.count() / 1000), delay, offer);
    end_machine(Ending::reboot);
}

}  // namespace pando::initrd
