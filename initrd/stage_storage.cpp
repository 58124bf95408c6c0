// SPDX-License-Identifier: GPL-2.0-or-later
// Stage storage: the session to the LUN, and the root on it found by what it is, not by where it appeared.
#include "hwdetect/coldplug.h"
#include "initrd/ahead.h"
#include "initrd/blockdev.h"
#include "initrd/boot.h"
#include "initrd/boot_control.h"
#include "initrd/driver_report.h"
#include "initrd/iscsi.h"
#include "initrd/stage_functions.h"

namespace pando::initrd {

Result<std::string> run_storage(Boot& boot, Deadline deadline) {
    const config::Storage& storage = boot.cluster->storage;
    std::string by = "local";
    if (storage.iscsi) {
        waiting_for("the iSCSI target " + storage.iscsi->target);
        by = "iSCSI at " + TRY(iscsi_login(*storage.iscsi, initiator_name(*storage.iscsi, boot.node()), deadline));
        TRY(hold_io_for(storage.iscsi->target, boot.cluster->storage_patience()));
    } else {
        const auto found = [&] {
            const auto root = Sysroot::open("/");
            return root && find_root(*root, *boot.cluster).value_or(std::nullopt).has_value();
        };
        note_drivers(TRY(hwdetect::coldplug(found, deadline)));
    }
    waiting_for("the LUN with the root of cluster " + boot.cluster->name);
    if (boot.arguments.install) {
        const Disk disk = TRY(wait_for_disk(storage, deadline));
        boot.root_device = "/dev/" + disk.name;
        return fmt::format("{} ({} MiB) by {}", boot.root_device, disk.size >> 20U, by);
    }
    const RootDevice root = TRY(wait_for_root(*boot.cluster, deadline));
    boot.root_device = root.device;
    begin_root_modules(boot);
    return fmt::format("{} ({}) holds {} by {}", root.device.string(), root.identity, root.superblock.lock_table, by);
}

}  // namespace pando::initrd
