// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/volumes.h"

#include "initrd/blockdev.h"
#include "rootfs/install.h"

#include <blkid.h>
#include <fcntl.h>
#include <algorithm>
#include <memory>

namespace pando::initrd {
namespace {

namespace fs = std::filesystem;
using chroot::Volume;

const fs::path block_class = "sys/class/block";

using Probe = std::unique_ptr<blkid_struct_probe, decltype(&blkid_free_probe)>;

std::string value(const Probe& probe, const char* name) {
    const char* text = nullptr;
    if (blkid_probe_lookup_value(probe.get(), name, &text, nullptr) < 0 || text == nullptr) return {};
    return text;
}

// A device that cannot be read has no names: it is not the one that is looked for.
Volume probe_volume(const Sysroot& root, const Partition& partition) {
    Volume volume;
    volume.device = device_path(partition.name);
    volume.part_label = partition.label;
    const auto fd = root.open_at(volume.device, O_RDONLY);
    const Probe probe(blkid_new_probe(), blkid_free_probe);
    if (!fd || !probe || blkid_probe_set_device(probe.get(), fd->get(), 0, 0) < 0) return volume;
    blkid_probe_enable_superblocks(probe.get(), 1);
    blkid_probe_set_superblocks_flags(probe.get(), BLKID_SUBLKS_TYPE | BLKID_SUBLKS_UUID | BLKID_SUBLKS_LABEL);
    blkid_probe_enable_partitions(probe.get(), 1);
    blkid_probe_set_partitions_flags(probe.get(), BLKID_PARTS_ENTRY_DETAILS);
    if (blkid_do_safeprobe(probe.get()) != 0) return volume;
    volume.filesystem = value(probe, "TYPE");
    volume.uuid = value(probe, "UUID");
    volume.label = value(probe, "LABEL");
    volume.part_uuid = value(probe, "PART_ENTRY_UUID");
    return volume;
}

bool is_set(const Sysroot& root, const fs::path& file) { return root.read_line(file).value_or("0") != "0"; }

// A path of NVMe controllers below the disk, or the one controller it hangs on: "tcp", "rdma", "fc", "pcie".
bool is_nvme_over_network(const Sysroot& root, const fs::path& device) {
    const auto remote = [&](const fs::path& file) {
        const auto transport = root.read_line(file);
        return transport && *transport != "pcie";
    };
    if (remote(device / "transport")) return true;
    const auto names = root.list(device);
    return names && std::any_of(names->begin(), names->end(),
                                [&](const std::string& name) { return remote(device / name / "transport"); });
}

// Empty: a disk of this machine and of nobody else.
std::string why_unfit(const Sysroot& root, const config::Storage& storage, const Disk& disk,
                      const std::vector<Partition>& partitions) {
    const bool named = storage.identity || storage.iscsi;  // else every disk passes for the cluster's
    const bool holds_root = std::any_of(partitions.begin(), partitions.end(), [](const Partition& partition) {
        return partition.label == rootfs::partition_root || partition.label == rootfs::partition_bundle;
    });
    if (holds_root || (named && is_cluster_disk(storage, disk)))
        return "is the cluster's own LUN, which all nodes share";
    const fs::path path = block_class / disk.name;
    const std::string way = root.read_link(path).value_or("");
    if (!disk.target.empty()) return "is reached over iSCSI";
    if (way.find("/rport-") != std::string::npos) return "is reached over Fibre Channel";
    if (disk.name.starts_with("nvme") && is_nvme_over_network(root, path / "device"))
        return "is reached over a network";
    if (is_set(root, path / "removable")) return "is removable";
    if (is_set(root, path / "ro")) return "is read-only";
    return {};
}

}  // namespace

Result<std::vector<Volume>> read_volumes(const Sysroot& root, const config::Storage& storage) {
    std::vector<Volume> volumes;
    for (const Disk& disk : TRY(read_disks(root))) {
        const auto partitions = TRY(read_partitions(root, disk.name));
        const std::string unfit = why_unfit(root, storage, disk, partitions);
        for (const Partition& partition : partitions) {
            volumes.push_back(probe_volume(root, partition));
            volumes.back().unfit = unfit;
            if (unfit.empty() && is_set(root, block_class / partition.name / "ro"))
                volumes.back().unfit = "is read-only";
        }
    }
    return volumes;
}

}  // namespace pando::initrd
