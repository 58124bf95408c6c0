// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/bundle_disk.h"

#include "initrd/blockdev.h"
#include "rootfs/install.h"

namespace pando::initrd {

namespace {

struct Found {
    Disk disk;
    Partition partition;
};

// A snapshot or a copy that is mapped too has the same partitions: a claim on it would guard nothing.
Result<> refuse_copy(const Found& first, const Found& second) {
    if (same_lun(first.disk, second.disk)) return {};
    return fail("two disks have a partition {}: {} and {}", first.partition.label,
                device_path(first.partition.name).string(), device_path(second.partition.name).string())
        .advise(
            "one of them is a copy or of another cluster: unmap it from this machine, or name the cluster's LUN in "
            "storage.identity of cluster.yaml");
}

Result<std::vector<std::filesystem::path>> find_partitions(const Sysroot& root, const config::Storage& storage,
                                                           std::string_view label) {
    std::string seen;
    std::vector<Found> found;
    for (const Disk& disk : TRY(read_disks(root))) {
        seen += (seen.empty() ? "" : ", ") + disk.name;
        if (!is_cluster_disk(storage, disk)) continue;
        for (const Partition& partition : TRY(read_partitions(root, disk.name))) {
            if (partition.label != label) continue;
            found.push_back({disk, partition});
            TRY(refuse_copy(found.front(), found.back()));
        }
    }
    if (found.empty())
        return fail("no disk of the cluster here has a partition {}; disks: {}", label, seen.empty() ? "none" : seen)
            .advise(
                "is the LUN mapped to this machine (lsblk)? A new one is prepared by: pando bundle write --initial");
    std::vector<std::filesystem::path> paths;
    for (const Found& one : found) paths.push_back(device_path(one.partition.name));
    return paths;
}

}  // namespace

Result<std::filesystem::path> find_bundle_partition(const config::Storage& storage) {
    return TRY(find_bundle_partitions(storage)).front();
}

Result<std::vector<std::filesystem::path>> find_bundle_partitions(const config::Storage& storage) {
    return find_bundle_partitions(TRY(Sysroot::open("/")), storage);
}

Result<std::vector<std::filesystem::path>> find_bundle_partitions(const Sysroot& root, const config::Storage& storage) {
    return find_partitions(root, storage, rootfs::partition_bundle);
}

Result<std::filesystem::path> find_sbd_partition(const Sysroot& root, const config::Storage& storage) {
    return TRY(find_partitions(root, storage, rootfs::partition_sbd)).front();
}

}  // namespace pando::initrd
