// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/exit.h"

#include "base/file.h"
#include "base/log.h"
#include "base/process.h"
#include "base/procfs.h"
#include "initrd/console.h"
#include "initrd/ending.h"
#include "initrd/survival.h"

#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <csignal>
#include <string_view>
#include <vector>

namespace pando::initrd {
namespace {

using std::chrono::seconds;
namespace fs = std::filesystem;

// Where systemd leaves the root it pivoted away from.
constexpr const char* old_root = "/oldroot";

// Mounts at and below the old root, the last mounted first.
std::vector<Mount> mounts_below(const std::string& top) {
    std::vector<Mount> found;
    for (Mount& mount : our_mounts().value_or(std::vector<Mount>()))
        if (mount.point == top || mount.point.starts_with(top + "/")) found.push_back(std::move(mount));
    std::reverse(found.begin(), found.end());
    return found;
}

// File systems without a disk behind them hold nothing that could be lost, and /dev is always in use (our console):
// they are taken out of the way, whoever uses them.
bool has_no_disk(const std::string& filesystem) {
    const std::string types = read_file("/proc/filesystems").value_or("");
    return ("\n" + types).find("\nnodev\t" + filesystem + "\n") != std::string::npos;
}

// A child does it, since an unmount that waits for a fencing cannot be interrupted.
Result<> unmount(const Mount& mount, Deadline deadline) {
    const int flags = has_no_disk(mount.filesystem) ? MNT_DETACH : 0;
    const pid_t pid = fork();
    if (pid < 0) return fail_errno(errno, "fork");
    if (pid == 0) _exit(umount2(mount.point.c_str(), flags) == 0 ? 0 : errno);
    auto child = TRY(Child::adopt(pid));
    const int status = TRY(child.wait(deadline));
    if (status != 0) return fail_errno(status, "unmounting {}", mount.point);
    return {};
}

// Ends whatever still has its root, working directory or program on the old root; the survival set stands elsewhere.
void kill_users_of_old_root() {
    for (const pid_t pid : all_processes().value_or(std::vector<pid_t>())) {
        if (pid == getpid()) continue;
        for (const char* link : {"root", "cwd", "exe"}) {
            std::error_code ec;
            const std::string target = fs::read_symlink(fs::path("/proc") / std::to_string(pid) / link, ec).string();
            if (!ec && target.starts_with(old_root)) {
                log::info("exit: ends process {}, which holds {}", pid, target);
                kill(pid, SIGKILL);
                break;
            }
        }
    }
    while (waitpid(-1, nullptr, WNOHANG) > 0) {
    }
}

Result<> leave_root(Deadline deadline) {
    kill_users_of_old_root();
    Error last;
    // Mounts stacked on one another come off one layer a round.
    for (int round = 0; round < 4; ++round) {
        last = {};
        for (const Mount& mount : mounts_below(old_root)) {
            if (auto done = unmount(mount, deadline); !done) {
                last = done.error();
                if (last.kind == ErrorKind::timeout) return Failure(last);
            }
        }
        if (mounts_below(old_root).empty()) return {};
        kill_users_of_old_root();
    }
    return Failure(last);
}

Result<> end_daemon(const std::string& argv0, Milliseconds grace) {
    for (const pid_t pid : processes_named(argv0)) {
        auto daemon = TRY(Child::adopt(pid));
        if (!TRY(daemon.stop(grace))) return fail("{} had to be killed", argv0);
    }
    return {};
}

Result<> leave_cluster() {
    for (const pid_t pid : processes_named("@corosync")) {
        auto daemon = TRY(Child::adopt(pid));
        // From where corosync lives: the shared memory of its clients is in a /dev/shm that systemd has left behind.
        const auto survival = TRY(SurvivalNamespace::of(pid));
        const std::vector<std::string> leave = {"/usr/sbin/corosync-cfgtool", "-H", "--force"};
        const Finished left = TRY(survival.run(leave, "", Deadline::after(seconds(20))));
        if (!left.ok()) return fail("{} ended with status {}: {}", shown(leave), left.status, left.err);
        (void)TRY(daemon.wait(Deadline::after(seconds(20))));
    }
    return {};
}

Ending ending_of(std::string_view verb) {
    if (verb == "poweroff") return Ending::power_off;
    if (verb == "halt") return Ending::halt;
    return Ending::reboot;  // reboot, and kexec, which has nothing loaded here
}

// A step that failed leaves this node where only a reset is safe: its peers then fence it, and know where they are.
void step(std::string_view text, const Result<>& result) {
    if (result) {
        log::info("exit: {} ok", text);
        return;
    }
    log::error("exit: {} FAILED", text);
    log::write(result.error());
    log::hint("this machine is reset now; the others fence it and go on");
    end_machine(Ending::reboot);
}

}  // namespace

void exit_main(int argc, char** argv) {
    const std::string_view verb = argc > 1 ? argv[1] : "reboot";
    setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
    log_to_consoles(false);
    log::info("exit: {} of this node", verb);
    step("unmount the shared root", leave_root(Deadline::after(seconds(60))));
    step("end dlm_controld", end_daemon("@dlm_controld", seconds(20)));
    step("leave the cluster", leave_cluster());
    step("end iscsid", end_daemon("@iscsid", seconds(5)));
    log::info("exit: {}", verb);
    end_machine(ending_of(verb));
}

}  // namespace pando::initrd
