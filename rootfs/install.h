// SPDX-License-Identifier: GPL-2.0-or-later
// First-blade install: a LUN becomes a cluster's storage. Partition (bundle, sbd, root), mkfs.gfs2, populate, verify.
#pragma once

#include "base/result.h"
#include "base/steps.h"
#include "config/cluster.h"

#include <filesystem>
#include <string>

namespace pando::rootfs {

struct InstallOptions {
    std::filesystem::path device;     // the whole LUN: /dev/sda
    std::string archive;              // path, or http:// URL, of a .tar.zst made by build()
    std::string overwrite;            // identity of the LUN (serial, WWN or filesystem UUID) whose content may be lost
};

// Refuses a LUN that holds anything (partition table, filesystem, signature), unless `overwrite` names it. A LUN on
// which our own install was cut short is recognised and begun again.
Result<> install(const config::Cluster& cluster, const InstallOptions& options, Plan::Mode mode);

// GPT partition names, and how the boot finds its root.
constexpr const char* partition_bundle = "pando-bundle";
constexpr const char* partition_sbd = "pando-sbd";
constexpr const char* partition_root = "pando-root";

}  // namespace pando::rootfs
