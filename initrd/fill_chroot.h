// SPDX-License-Identifier: GPL-2.0-or-later
// The fencing chroot filled from the image's manifest: a tmpfs, and in it the generations, in memory or on a local
// disk. Whatever is wrong with the disk, the chroot is then all in memory, and the remarks say why.
//
//   const FilledChroot filled = TRY(fill_chroot(job, manifest));
//   for (const Error& remark : filled.remarks) …
#pragma once

#include "base/result.h"
#include "chroot-builder/manifest.h"
#include "chroot-builder/place.h"
#include "chroot-builder/residence.h"
#include "config/cluster.h"
#include "initrd/local_disk.h"

#include <filesystem>
#include <string>
#include <vector>

namespace pando::initrd {

struct ChrootJob {
    std::filesystem::path target = chroot::chroot_path;
    std::filesystem::path record = chroot::place_file;
    uint64_t size = 0;            // of the tmpfs, bytes
    std::string root_filesystem;  // gfs2: what a path leads to while a node boots
    DiskJob disk;                 // its store is set by fill_chroot()
};

// What this node's description says.
ChrootJob chroot_job(const config::Cluster& cluster, const config::Node& node);

struct FilledChroot {
    std::string summary;         // "612 entries, 45.8 MB at /run/initramfs, …"
    std::vector<Error> remarks;  // that a person must see: what, and what to do
    chroot::Place place;
};

// May be repeated after a failure. Where it ended up is recorded.
Result<FilledChroot> fill_chroot(ChrootJob job, const chroot::Manifest& manifest);

}  // namespace pando::initrd
