// SPDX-License-Identifier: GPL-2.0-or-later
// Finding the cluster's LUN and its root without udev: sysfs is the state, kernel events only wake us.
//
//   RootDevice root = TRY(wait_for_root(cluster, deadline));
//   mount(root.device, "/sysroot", "gfs2")
#pragma once

#include "base/deadline.h"
#include "base/result.h"
#include "base/sysroot.h"
#include "config/cluster.h"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pando::initrd {

// Where the superblock lies on a GFS2 filesystem, and how much of it parse_gfs2() wants.
constexpr size_t gfs2_superblock_offset = 65536;
constexpr size_t gfs2_superblock_size = 512;

struct Gfs2Superblock {
    std::string lock_protocol;  // lock_dlm
    std::string lock_table;     // grove:root
    std::string uuid;           // lower case
    uint32_t block_size = 0;    // bytes
};

// Pure; `bytes` begin at gfs2_superblock_offset. Error: no GFS2, or nothing that a name may hold.
Result<Gfs2Superblock> parse_gfs2(std::string_view bytes);

struct Disk {
    std::string name;                     // sda
    uint64_t size = 0;                    // bytes
    std::vector<std::string> identities;  // every name it answers to: WWN, serial, as in /dev/disk/by-id
    std::string target;                   // iSCSI: the target's name; else empty
    std::optional<uint32_t> lun;          // SCSI: the logical unit
};

struct Partition {
    std::string name;   // sda3; the disk's own name for a disk without partitions
    std::string disk;   // sda
    std::string label;  // GPT partition name, empty when there is none
    uint64_t size = 0;  // bytes
};

// Disks now there (no loop, ram, zram, device mapper or empty drives), sorted.
Result<std::vector<Disk>> read_disks(const Sysroot& root);
Result<std::vector<Partition>> read_partitions(const Sysroot& root, const std::string& disk);

std::filesystem::path device_path(std::string name);  // /dev/sda3; the kernel's name has ! for a slash

// Is this the LUN that cluster.yaml means? By storage.identity; without it, by target and LUN number; without
// both every disk is.
bool is_cluster_disk(const config::Storage& storage, const Disk& disk);

// Two paths to one LUN are two disks with one WWN.
bool same_lun(const Disk& one, const Disk& other);

struct RootDevice {
    std::filesystem::path device;  // /dev/sda3
    std::filesystem::path disk;    // /dev/sda
    std::string identity;          // of the disk, for messages
    Gfs2Superblock superblock;
};

// One look at what is there now. Nothing: not there yet. Error: it is there and must not be mounted (wrong lock
// table, lock_nolock, two devices with its UUID).
Result<std::optional<RootDevice>> find_root(const Sysroot& root, const config::Cluster& cluster);

// Waits for the root to appear. The error at the deadline says which disks are there and what was looked for.
Result<RootDevice> wait_for_root(const config::Cluster& cluster, Deadline deadline);

// For the install: the LUN itself, whatever it holds. One only, or a refusal that names all that match; several
// paths to one LUN are one.
Result<Disk> wait_for_disk(const config::Storage& storage, Deadline deadline);

}  // namespace pando::initrd
