// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/keeper.h"

#include "base/fd.h"
#include "base/log.h"
#include "chroot-builder/held_files.h"
#include "initrd/notify.h"

#include <sys/inotify.h>
#include <sys/mman.h>
#include <unistd.h>
#include <array>

namespace pando::initrd {
namespace {

constexpr const char* files = "/usr/";  // with the slash: of the generation to which /usr leads

// Whether an entry of "/" was replaced; a generation comes into place as a new /usr. Waits for it.
Result<> wait_for_change(int notifications) {
    alignas(inotify_event) std::array<char, 4096> events;
    for (;;) {
        const ssize_t n = read(notifications, events.data(), events.size());
        if (n > 0) return {};
        if (n < 0 && errno != EINTR) return fail_errno(errno, "watching the chroot");
    }
}

Result<> keep() {
    // Our own memory too, or we could be what is waited for.
    if (mlockall(MCL_CURRENT | MCL_FUTURE) < 0) return fail_errno(errno, "locking memory");
    const UniqueFd notifications(inotify_init1(IN_CLOEXEC));
    // Watched before it is looked at, so that no change comes in between.
    if (!notifications.valid() || inotify_add_watch(notifications.get(), "/", IN_MOVED_TO) < 0)
        return fail_errno(errno, "watching the chroot");
    auto held = TRY(chroot::HeldFiles::hold(files));
    TRY(report_ready());
    for (;;) {
        log::info("keeps {} files in memory, {:.1f} MB", held.count(), static_cast<double>(held.bytes()) / 1e6);
        TRY(wait_for_change(notifications.get()));
        held = TRY(chroot::HeldFiles::hold(files));  // the old ones are let go once the new are held
    }
}

}  // namespace

int keeper_main() {
    log::write(keep().error());  // it ends by an error alone
    return 1;
}

}  // namespace pando::initrd
