// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/bundle_disk.h"

#include "base/sysroot.h"
#include "initrd/blockdev.h"
#include "rootfs/install.h"

namespace pando::initrd {

Result<std::filesystem::path> find_bundle_partition(const config::Storage& storage) {
    const auto sys = TRY(Sysroot::open("/"));
    std::string seen;
    for (const Disk& disk : TRY(read_disks(sys))) {
        seen += (seen.empty() ? "" : ", ") + disk.name;
        if (!is_cluster_disk(storage, disk)) continue;
        for (const Partition& partition : TRY(read_partitions(sys, disk.name)))
            if (partition.label == rootfs::partition_bundle) return device_path(partition.name);
    }
    return fail("no disk of the cluster here has a partition {}; disks: {}", rootfs::partition_bundle,
                seen.empty() ? "none" : seen)
        .advise("is the LUN mapped to this machine (lsblk)? A new one is prepared by: pando bundle write --initial");
}

}  // namespace pando::initrd
