// SPDX-License-Identifier: GPL-2.0-or-later
// The boot files: kernel, image (by dracut with Pando's module), bundle archive, iPXE script.
//
//   TRY(build_image({.root = tree, .cluster_yaml = "cluster.yaml", .output = "/srv/tftp"}));
//
// The image holds no secret and is the same for every blade. The bundle archive holds the cluster's keys and fence
// passwords: whoever reads it can join the cluster, so it belongs on the boot network only.
#pragma once

#include "base/result.h"
#include "config/cluster.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace pando::initrd {

struct ImageOptions {
    std::filesystem::path root = "/";    // the tree whose kernel and programs go in; dracut runs inside it
    std::filesystem::path cluster_yaml;  // decides the fence agents, the drivers and the bundle
    std::filesystem::path output;        // directory: vmlinuz, pando.img, bundle.cpio, boot.ipxe (initrd/boot_files.h)
    std::string kernel;                  // version; empty: the newest one there
    bool any_machine = false;            // all storage and network drivers, not only those of the nodes
    uint64_t generation = 1;             // of the bundle
};

struct Image {
    std::string kernel;  // version
    size_t drivers = 0;  // asked for by name; their dependencies come in addition
    uint64_t image_bytes = 0;
    uint64_t bundle_bytes = 0;
};

// The same input gives the same bytes. The new files replace the old ones all at once.
Result<Image> build_image(const ImageOptions& options);

// Kernel versions that have both modules and an image in the tree, oldest first.
Result<std::vector<std::string>> kernels(const std::filesystem::path& root);

// The drivers of the cluster's nodes and those every boot needs. Error: a node whose drivers are not said.
Result<std::vector<std::string>> known_drivers(const config::Cluster& cluster);

// Those of the filesystems on which a chroot may be kept, when any node's is to be kept on a disk.
std::vector<std::string> disk_drivers(const config::Cluster& cluster);

}  // namespace pando::initrd
