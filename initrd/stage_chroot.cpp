// SPDX-License-Identifier: GPL-2.0-or-later
// Stage chroot: the fencing chroot is complete and stands on its own.
#include "initrd/ahead.h"
#include "initrd/background.h"
#include "initrd/boot.h"
#include "initrd/stage_functions.h"

namespace pando::initrd {

Result<std::string> run_chroot(Boot& boot, Deadline deadline) {
    begin_chroot(boot);
    const auto& filled = *TRY(collect(boot.chroot_filled, deadline, "filling the chroot"));
    if (!filled) return filled;
    const auto& survival = *TRY(collect(boot.survival_made, deadline, "making the chroot's mount namespace"));
    if (!survival) return Failure(survival.error());
    // The session must outlive a lost connection, and who mends it must not stand on the root.
    if (boot.cluster->storage.iscsi && !(boot.iscsid && boot.iscsid->running()))
        boot.iscsid = TRY((*survival)->start({"/usr/sbin/iscsid", "-f"}, {}));
    return filled;
}

}  // namespace pando::initrd
