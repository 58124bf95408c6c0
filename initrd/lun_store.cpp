// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/lun_store.h"

#include "hwdetect/coldplug.h"
#include "initrd/bundle_disk.h"
#include "initrd/driver_report.h"
#include "initrd/iscsi_store.h"

namespace pando::initrd {

Result<std::unique_ptr<Store>> open_lun(const config::Storage& storage, const std::string& who, Deadline deadline) {
    if (storage.iscsi) return open_iscsi_store(*storage.iscsi, storage.iscsi->initiator_prefix + ":" + who, deadline);
    const auto there = [&] { return find_bundle_partition(storage).has_value(); };
    note_drivers(TRY(hwdetect::coldplug(there, deadline)));
    return open_store(TRY(find_bundle_partition(storage)));
}

}  // namespace pando::initrd
