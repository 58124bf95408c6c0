// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/keeper.h"

#include "base/deadline.h"
#include "base/fd.h"
#include "base/log.h"
#include "chroot-builder/held_files.h"
#include "initrd/notify.h"

#include <poll.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <unistd.h>
#include <array>
#include <filesystem>
#include <vector>

namespace pando::initrd {
namespace {

// Of the generation to which /usr leads (with the slash), and the daemons' configuration, which dlm_controld reads anew
// when it fences.
const std::vector<std::filesystem::path> directories = {"/usr/", "/etc"};
constexpr Milliseconds try_again{10000};

// A generation comes into place as a new /usr; a newer description of the cluster as new files of the daemons.
const std::vector<const char*> watched = {"/", "/etc", "/etc/corosync", "/etc/dlm", "/etc/pando/fence"};

Result<UniqueFd> watch() {
    UniqueFd notifications(inotify_init1(IN_CLOEXEC));
    if (!notifications.valid()) return fail_errno(errno, "watching the chroot");
    for (const char* directory : watched)
        if (inotify_add_watch(notifications.get(), directory, IN_MOVED_TO) < 0)
            return fail_errno(errno, "watching {} of the chroot", directory);
    return notifications;
}

// Until something was replaced there. Or until the deadline.
Result<> wait_for_change(int notifications, Deadline deadline) {
    alignas(inotify_event) std::array<char, 4096> events;
    pollfd changed{notifications, POLLIN, 0};
    if (poll(&changed, 1, deadline.poll_timeout()) > 0 && read(notifications, events.data(), events.size()) < 0)
        return fail_errno(errno, "watching the chroot");
    return {};
}

Result<> keep() {
    // Our own memory too, or we could be what is waited for.
    if (mlockall(MCL_CURRENT | MCL_FUTURE) < 0) return fail_errno(errno, "locking memory");
    const UniqueFd notifications = TRY(watch());  // before it is looked at, so that no change comes in between
    auto held = TRY(chroot::HeldFiles::hold(directories));
    TRY(report_ready());
    log::info("keeps {} files in memory, {:.1f} MB", held.count(), static_cast<double>(held.bytes()) / 1e6);
    for (Deadline again = Deadline::never();;) {
        TRY(wait_for_change(notifications.get(), again));
        auto next = chroot::HeldFiles::hold(directories);
        if (!next) {
            // What is held stays held.
            log::write(next.error());
            again = Deadline::after(try_again);
            continue;
        }
        held = std::move(*next);  // the old ones are let go once the new are held
        again = Deadline::never();
        log::info("keeps {} files in memory, {:.1f} MB", held.count(), static_cast<double>(held.bytes()) / 1e6);
    }
}

}  // namespace

int keeper_main() {
    log::write(keep().error());  // it ends by an error alone
    return 1;
}

}  // namespace pando::initrd
