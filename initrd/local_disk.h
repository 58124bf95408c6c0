// SPDX-License-Identifier: GPL-2.0-or-later
// The local disk that keeps the chroot's generations across boots: found, mounted, its directory claimed and filled,
// all where nobody else sees it. What comes out is a mount that is ready to be put in place.
//
//   auto prepared = begin([=] { return prepare_disk(job, manifest); });   // a thread: a dying disk may never answer
//   const auto& disk = *TRY(collect(prepared, deadline, "preparing the disk"));
#pragma once

#include "base/deadline.h"
#include "base/fd.h"
#include "base/result.h"
#include "chroot-builder/generation.h"
#include "chroot-builder/place.h"
#include "config/cluster.h"

#include <filesystem>
#include <functional>
#include <string>

namespace pando::initrd {

struct DiskJob {
    config::ChrootPlace wanted;
    config::Storage storage;            // of the cluster, whose LUN it must not be
    std::string cluster;                // whose generations they are
    Milliseconds patience{0};           // for the disk to appear
    Milliseconds work{30000};           // for all that comes after: who takes longer is dying
    std::filesystem::path image = "/";  // where the files are taken from
    std::filesystem::path store;        // an empty directory, where the disk is mounted for this thread alone
    // Loads drivers until it is there, at most until the deadline.
    std::function<void(const std::function<bool()>& there, Deadline deadline)> load_drivers = {};
};

struct PreparedDisk {
    UniqueFd tree;  // a mount that is nowhere: move_mount() puts it in place
    chroot::Place place;
    chroot::Stored stored;
    std::string former;  // the cluster that had the directory before; empty: this one, or none
};

// Leaves the process's mount namespace: for a thread that ends afterwards. Nothing on the disk is formatted, checked or
// changed outside the directory. Error: why the disk is done without; everything is unmounted then.
Result<PreparedDisk> prepare_disk(const DiskJob& job, const chroot::Manifest& manifest);

// Puts the prepared mount on `store`, for all.
Result<> attach(const PreparedDisk& disk, const std::filesystem::path& store);

}  // namespace pando::initrd
