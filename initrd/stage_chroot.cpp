// SPDX-License-Identifier: GPL-2.0-or-later
// Stage chroot: the fencing chroot is complete and stands on its own.
#include "base/log.h"
#include "initrd/ahead.h"
#include "initrd/background.h"
#include "initrd/boot.h"
#include "initrd/boot_control.h"
#include "initrd/stage_functions.h"

namespace pando::initrd {

namespace {

// From here on nothing of the chroot leaves memory, whatever swap the node comes to have.
Result<> keep_in_memory(Boot& boot, Deadline deadline) {
    if (boot.keeper && boot.keeper->running()) return {};
    const auto ready = TRY(ReadySocket::open("pando-keeper"));
    boot.keeper = TRY(boot.survival->start({"/usr/sbin/pando-survival", "keep"}, {{"NOTIFY_SOCKET", ready.address()}}));
    return ready.wait(*boot.keeper, deadline);
}

}  // namespace

Result<std::string> run_chroot(Boot& boot, Deadline deadline) {
    begin_chroot(boot);
    waiting_for("the chroot to be filled, or its local disk");
    const auto& filled = *TRY(collect(boot.chroot_filled, deadline, "filling the chroot"));
    if (!filled) return Failure(filled.error());
    for (const Error& remark : filled->remarks) {
        log::warning("{}", remark.what);
        if (!remark.advice.empty()) log::hint("{}", remark.advice);
    }
    const auto& survival = *TRY(collect(boot.survival_made, deadline, "making the chroot's mount namespace"));
    if (!survival) return Failure(survival.error());
    TRY(keep_in_memory(boot, deadline));
    // The session must outlive a lost connection, and who mends it must not stand on the root.
    if (boot.cluster->storage.iscsi && !(boot.iscsid && boot.iscsid->running()))
        boot.iscsid = TRY((*survival)->start({"/usr/sbin/iscsid", "-f"}, {}));
    return filled->summary;
}

}  // namespace pando::initrd
