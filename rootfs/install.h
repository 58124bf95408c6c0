// SPDX-License-Identifier: GPL-2.0-or-later
// First-blade install: a LUN that was prepared (rootfs/prepare.h) becomes a cluster's storage: mkfs.gfs2, populate,
// verify. Its bundle is left as it is.
//
//   InstallOptions options{.device = "/dev/sda", .archive = "http://192.0.2.1/root.tar.zst"};
//   TRY(install(cluster, options, Plan::Mode::apply, deadline));
//
// While it runs, the root's partition is called pando-root-unfinished; it gets its name when everything was written
// and read back. So a boot never finds half a root, and who comes after a power cut sees it without mounting anything.
#pragma once

#include "base/deadline.h"
#include "base/result.h"
#include "base/steps.h"
#include "config/cluster.h"
#include "rootfs/lun.h"

#include <filesystem>
#include <string>

namespace pando::rootfs {

// How the person who installs says `overwrite`, for advice that can be followed where it is read.
enum class OverwriteBy { option, kernel_argument };

struct InstallOptions {
    std::filesystem::path device;  // the whole LUN: /dev/sda
    std::string archive;           // path, or http:// URL, of a .tar.zst made by build()
    std::string overwrite;         // identity of the LUN (serial, WWN or a UUID on it) whose content may be lost
    OverwriteBy overwrite_by = OverwriteBy::option;
};

// Refuses a LUN that was not prepared or has no bundle of this cluster, and one with a root on it, unless `overwrite`
// names it. One on which an install was cut short is begun again. Nothing else may use the LUN meanwhile.
// At the deadline it stops, as cut short; only what the kernel cannot interrupt (a flush, an unmount) is waited for.
Result<> install(const config::Cluster& cluster, const InstallOptions& options, Plan::Mode mode, Deadline deadline);

// Why this LUN may not be written to, and what to do about it; nothing when it may.
Result<> refuse_unless_free(const Lun& lun, const InstallOptions& options);

// Unpacks a file or an http:// URL into an empty directory, saying every few seconds' worth how far it is.
Result<> unpack_archive(const std::string& archive, const std::filesystem::path& directory, Deadline deadline);

// GPT partition names, and how the boot finds its root.
constexpr const char* partition_bundle = "pando-bundle";
constexpr const char* partition_sbd = "pando-sbd";
constexpr const char* partition_root = "pando-root";
constexpr const char* partition_unfinished = "pando-root-unfinished";

}  // namespace pando::rootfs
