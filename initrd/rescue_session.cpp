// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/rescue_session.h"

#include "base/file.h"
#include "base/log.h"
#include "base/process.h"
#include "initrd/ask_boot.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>
#include <array>
#include <csignal>
#include <cstdlib>
#include <cstring>

namespace pando::initrd {
namespace {

// systemd spares it when it ends a node: who looks why that hangs must not be among the first to go.
constexpr const char* spared_shell = "@/bin/sh";

std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

void prepare(const std::string& prompt) {
    setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
    setenv("PS1", prompt.c_str(), 1);
    // dropbear is never killed for want of memory; what a person starts may be.
    (void)write_existing("/proc/self/oom_score_adj", "0");
}

// Does not return when a command was asked for: it is run as it would be in the shell.
void run_command() {
    const std::string command = environment("SSH_ORIGINAL_COMMAND");
    if (command.empty()) return;
    execl("/bin/sh", spared_shell, "-c", command.c_str(), nullptr);
    fmt::print(stderr, "pando: /bin/sh: {}\n", std::strerror(errno));
    _exit(127);
}

std::string node_name() { return read_line("/run/pando/node").value_or("node"); }

// Until the shell ends, or process 1 has no more use for it: its root is about to go.
int wait_for_shell(Child& shell, int attendance) {
    std::array<pollfd, 2> events{pollfd{shell.pidfd(), POLLIN, 0}, pollfd{attendance, POLLIN, 0}};
    for (;;) {
        if (poll(events.data(), events.size(), -1) < 0) continue;
        if (events[0].revents != 0) return shell.wait(Deadline::after(Milliseconds(0))).value_or(1);
        if (events[1].revents == 0) continue;
        fmt::print("\r\npando: this boot is over, and this session with it; ssh again reaches what runs now\r\n");
        std::fflush(stdout);
        kill(shell.pid(), SIGHUP);  // an interactive shell takes no other
        (void)shell.stop(std::chrono::seconds(2));
        return 0;
    }
}

}  // namespace

std::string session_name(const std::string& connection) {
    const std::string from = connection.substr(0, connection.find(' '));
    return "the ssh session from " + (from.empty() ? "somewhere" : from);
}

int boot_session_main() {
    prepare(node_name() + " boot# ");
    run_command();
    const auto attendance = attend_boot(session_name(environment("SSH_CONNECTION")));
    if (!attendance) log::write(attendance.error());
    fmt::print(
        "The rescue shell of {}, which boots. pando-boot tells what can be done. A stage that fails\n"
        "waits as long as this shell is open; its exit goes on.\n",
        node_name());
    (void)fflush(stdout);
    const UniqueFd input(fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3));  // spawn() would give it /dev/null
    auto shell = Child::spawn(
        {.argv = {"/bin/sh", "-i"}, .prepare = [from = input.get()] { return dup2(from, STDIN_FILENO) == 0; }});
    if (!shell) {
        log::write(shell.error());
        return 1;
    }
    return wait_for_shell(*shell, attendance ? attendance->get() : -1);
}

int chroot_session_main() {
    prepare(node_name() + " chroot# ");
    run_command();
    fmt::print(
        "The chroot of {}: it is in memory, and works while the root is frozen. pando-survival tells what can be\n"
        "done here.\n",
        node_name());
    (void)fflush(stdout);
    execl("/bin/sh", spared_shell, "-i", nullptr);
    fmt::print(stderr, "pando: /bin/sh: {}\n", std::strerror(errno));
    return 127;
}

}  // namespace pando::initrd
