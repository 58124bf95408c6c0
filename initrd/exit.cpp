// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/exit.h"

#include "base/file.h"
#include "base/log.h"
#include "base/process.h"
#include "base/procfs.h"
#include "chroot-builder/generation.h"
#include "chroot-builder/residence.h"
#include "chroot-builder/survival_namespace.h"
#include "initrd/console.h"
#include "initrd/device_map.h"
#include "initrd/ending.h"
#include "initrd/follow.h"
#include "initrd/reporter.h"
#include "initrd/rescue_ssh.h"
#include "initrd/sbd.h"
#include "initrd/unmounting.h"
#include "initrd/watch.h"

#include <poll.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <csignal>
#include <string_view>
#include <vector>

namespace pando::initrd {
namespace fs = std::filesystem;
namespace {

using chroot::device_of_mount;
using chroot::footholds;
using std::chrono::seconds;

// dlm_controld forgets a SIGTERM that comes while it still knows a lockspace, which is a moment longer than the kernel.
constexpr Milliseconds signal_again{250};

// Where systemd leaves the root it pivoted away from.
constexpr const char* old_root = "/oldroot";

// Mounts at and below the old root, the last mounted first.
Result<std::vector<Mount>> mounts_below(const std::string& top) {
    std::vector<Mount> found;
    for (Mount& mount : TRY(our_mounts()))
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

// A local disk with the chroot's generations, from which this program runs. Without it the journal mends the filesystem
// at the next boot, so a failure loses nothing.
void make_disk_read_only(Deadline deadline) {
    const auto made = make_read_only(fs::path("/") / chroot::generations_directory, deadline);
    if (!made) log::warning("exit: the chroot's disk stays as it is: {}", made.error().what);
    if (made && !made->empty()) log::info("exit: {} is read-only and clean", *made);
}

// Ends whatever holds a file, mapping or directory of the old root, and waits for its end. The survival set stands
// elsewhere; if it does not, that is an error, since ending it would freeze the root that is to be left.
Result<> end_users_of_old_root(Deadline deadline) {
    const auto root = device_of_mount(old_root);
    if (!root) return {};  // it is unmounted already, and only mounts below it are left
    std::vector<Child> ending;
    for (const pid_t pid : TRY(all_processes())) {
        if (pid == getpid()) continue;
        const auto held = footholds({pid}, *root);
        if (!held || held->empty()) continue;
        const std::string name = first_argument(pid);
        if (name.starts_with('@'))
            return fail("{} (process {}) of the survival set holds {}", name, pid, held->front().path);
        auto process = Child::adopt(pid);
        if (!process) continue;  // it has ended meanwhile
        log::info("exit: ends process {} ({}), which holds {}", pid, name, held->front().path);
        kill(pid, SIGKILL);
        ending.push_back(std::move(*process));
    }
    for (Child& process : ending) (void)TRY(process.wait(deadline));
    return {};
}

Result<std::string> leave_root(Deadline deadline) {
    for (;;) {
        TRY(end_users_of_old_root(deadline));
        Error last;
        for (const Mount& mount : TRY(mounts_below(old_root))) {
            const int flags = has_no_disk(mount.filesystem) ? MNT_DETACH : 0;
            if (auto done = unmount(mount.point, flags, deadline); !done) {
                last = done.error();
                if (last.kind == ErrorKind::timeout) return Failure(last);
            }
        }
        if (TRY(mounts_below(old_root)).empty()) return std::string("ok");
        if (deadline.passed()) return Failure(last);
        // Mounts stacked on one another come off one layer a round. Whether something that was busy still is, the
        // kernel tells nobody: it is tried again.
        poll(nullptr, 0, 50);
    }
}

// A drill that was killed together with its releaser left the root suspended: it could never be unmounted.
Result<> wake_root() {
    const auto device = device_of_mount(old_root);
    const auto name = device ? map_on(*device) : std::nullopt;  // of multipath, perhaps
    const auto map = TRY(DeviceMap::find(name.value_or(root_map_name)));
    if (!map || !TRY(map->suspended())) return {};
    log::warning("exit: the root was left suspended, and is resumed");
    return map->resume();
}

// Nothing is lost with a map that stays, so this resets nobody.
void remove_root_map() {
    const auto map = DeviceMap::find(root_map_name);
    if (map && !*map) return;
    const auto removed = map ? (*map)->remove(Deadline::after(seconds(5))) : Result<>(Failure(map.error()));
    if (removed)
        log::info("exit: remove the root's map ok");
    else
        log::warning("exit: {}", removed.error().what);
}

Result<std::string> end_daemon(const std::string& argv0, Milliseconds grace) {
    const auto daemons = TRY(processes_named(argv0));
    for (const pid_t pid : daemons) {
        auto daemon = TRY(Child::adopt(pid));
        const Deadline deadline = Deadline::after(grace);
        do {
            if (deadline.passed()) return fail("{} (process {}) did not end in time", argv0, pid);
            kill(pid, SIGTERM);
        } while (!daemon.wait(deadline.capped(signal_again)));
    }
    return std::string(daemons.empty() ? "not needed: it does not run" : "ok");
}

// Asks until corosync has ended. Its end is what counts: the tool misses the answer when corosync is gone before it was
// read, and is told to try again while a membership forms.
Result<> end_corosync(Child& daemon, Deadline deadline) {
    // From where corosync lives: the shared memory of its clients is in a /dev/shm that systemd has left behind.
    const auto survival = TRY(chroot::SurvivalNamespace::of(daemon.pid()));
    const std::vector<std::string> leave = {"/usr/sbin/corosync-cfgtool", "-H", "--force"};
    for (;;) {
        const auto asked = survival.run(leave, "", deadline.capped(seconds(10)));
        const std::string said =
            !asked ? asked.error().what
                   : fmt::format("{} ended with status {}: {}", shown(leave), asked->status, asked->last_words());
        const bool accepted = asked && asked->ok();
        if (!accepted) log::warning("exit: {}", said);
        const auto ended = daemon.wait(deadline.capped(seconds(accepted ? 20 : 2)));
        if (ended) return {};
        if (deadline.passed()) return fail("corosync (process {}) does not end; {}", daemon.pid(), said);
    }
}

Result<std::string> leave_cluster() {
    const auto daemons = TRY(processes_named("@corosync"));
    for (const pid_t pid : daemons) {
        auto daemon = TRY(Child::adopt(pid));
        TRY(end_corosync(daemon, Deadline::after(seconds(40))));
    }
    return std::string(daemons.empty() ? "not needed: corosync does not run" : "ok");
}

// Without it the next machine that becomes this node has to watch for a while whether this one lives: no reset for
// that.
void give_claim_back() {
    if (const auto ended = end_daemon(fmt::format("@{}", follower_name), seconds(5)))
        log::info("exit: give the node's claim back {}", *ended);
    else
        log::warning("exit: the node's claim stays: {}", ended.error().what);
}

// It tells the others that this node has left: while there is a network.
void end_reporter() {
    const auto ended = end_daemon(fmt::format("@{}", reporter_name), seconds(2));
    if (!ended) log::warning("exit: {}", ended.error().what);
}

// Nothing waits for it, and whoever came in by it may see the rest: last, and no reset for it.
void end_rescue_ssh() {
    const auto ended = end_daemon(fmt::format("@{}", rescue_ssh_name), seconds(2));
    if (!ended) log::warning("exit: {}", ended.error().what);
}

// It disarms the watchdog when it ends. What holds it up is storage that is gone: no reset for that, as this node has
// left the cluster.
void leave_messages() {
    if (const auto ended = end_sbd(Deadline::after(seconds(10))))
        log::info("exit: end sbd {}", *ended);
    else
        log::warning("exit: sbd stays: {}", ended.error().what);
}

// It feeds the watchdog to the very end, with a bound for all of the exit; what ends from here on ends in order.
void tell_watch(int signal) {
    for (const pid_t pid : processes_named(fmt::format("@{}", watch_name)).value_or(std::vector<pid_t>()))
        kill(pid, signal);
}

// Only a machine that is to stand still must not be reset for that.
void let_go_of_watchdog() {
    tell_watch(SIGUSR1);
    for (const pid_t pid : processes_named(fmt::format("@{}", watch_name)).value_or(std::vector<pid_t>()))
        if (auto watch = Child::adopt(pid)) (void)watch->wait(Deadline::after(seconds(5)));
}

Ending ending_of(std::string_view verb) {
    if (verb == "poweroff") return Ending::power_off;
    if (verb == "halt") return Ending::halt;
    return Ending::reboot;  // reboot, and kexec, which has nothing loaded here
}

// A step that failed leaves this node where only a reset is safe: its peers then fence it, and know where they are.
void step(std::string_view text, const Result<std::string>& result) {
    if (result) {
        log::info("exit: {} {}", text, *result);
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
    tell_watch(SIGTERM);
    if (auto awake = wake_root(); !awake) log::write(awake.error());
    step("unmount the shared root", leave_root(Deadline::after(seconds(60))));
    remove_root_map();
    step("end dlm_controld", end_daemon("@dlm_controld", seconds(20)));
    step("leave the cluster", leave_cluster());
    give_claim_back();
    end_reporter();
    leave_messages();
    step("end iscsid", end_daemon("@iscsid", seconds(5)));
    make_disk_read_only(Deadline::after(seconds(20)));
    end_rescue_ssh();
    log::info("exit: {}", verb);
    if (ending_of(verb) == Ending::halt) let_go_of_watchdog();
    end_machine(ending_of(verb));
}

}  // namespace pando::initrd
