// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/lun_store.h"

#include "hwdetect/coldplug.h"
#include "initrd/bundle_disk.h"
#include "initrd/iscsi_store.h"

namespace pando::initrd {

Result<std::unique_ptr<Store>> open_lun(const config::Storage& storage, const std::string& who, Deadline deadline) {
    if (storage.iscsi) return open_iscsi_store(*storage.iscsi, storage.iscsi->initiator_prefix + ":" + who, deadline);
    const auto there = [&] { return find_bundle_partition(storage).has_value(); };
    const auto coldplug = TRY(hwdetect::coldplug(there, deadline));
    auto partition = find_bundle_partition(storage);
    if (partition) return open_store(*partition);
    for (const std::string& missing : coldplug.missing) partition.error().context(missing);
    return Failure(partition.error());
}

}  // namespace pando::initrd
