// SPDX-License-Identifier: GPL-2.0-or-later
#include "nodes/bundle_partition.h"

#include "base/sysroot.h"
#include "config/bundle.h"
#include "initrd/blockdev.h"
#include "rootfs/install.h"

namespace pando::nodes {

Result<std::unique_ptr<Store>> open_bundle_partition() {
    const auto sys = TRY(Sysroot::open("/"));
    const auto cluster = TRY(TRY(config::read_live_bundle()).description());
    for (const initrd::Disk& disk : TRY(initrd::read_disks(sys))) {
        if (!initrd::is_cluster_disk(cluster.storage, disk)) continue;
        for (const initrd::Partition& partition : TRY(initrd::read_partitions(sys, disk.name)))
            if (partition.label == rootfs::partition_bundle) return open_store(initrd::device_path(partition.name));
    }
    return fail("cluster {}: no disk of it here has a partition {}", cluster.name, rootfs::partition_bundle)
        .advise("is the session to the storage up (lsblk)? pando root install makes the partition");
}

}  // namespace pando::nodes
