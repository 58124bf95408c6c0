// SPDX-License-Identifier: GPL-2.0-or-later
// The boot files: kernel, image (by dracut with Pando's module), iPXE script.
//
//   TRY(build_image({.root = tree, .cluster_yaml = "cluster.yaml", .output = "/srv/tftp"}));
//
// None of them holds a secret or names a node, and they are the same for every blade: what a blade must know of its
// cluster it reads from the LUN (config/slots.h).
#pragma once

#include "base/result.h"
#include "config/cluster.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace pando::initrd {

struct ImageOptions {
    std::filesystem::path root = "/";             // the tree whose kernel and programs go in; dracut runs inside it
    std::filesystem::path cluster_yaml;           // decides the fence agents and the drivers
    std::filesystem::path output;                 // directory: vmlinuz, pando.img, boot.ipxe (initrd/boot_files.h)
    std::string kernel;                           // version; empty: the newest one there
    bool any_machine = false;                     // all storage and network drivers, not only those of the nodes
    std::vector<std::filesystem::path> machines;  // inventories (JSON) of machines that shall boot with it, too
};

struct Image {
    std::string kernel;  // version
    size_t drivers = 0;  // asked for by name; their dependencies come in addition
    uint64_t image_bytes = 0;
};

// The same input gives the same bytes. The new files replace the old ones all at once.
Result<Image> build_image(const ImageOptions& options);

// Kernel versions that have both modules and an image in the tree, oldest first.
Result<std::vector<std::string>> kernels(const std::filesystem::path& root);

}  // namespace pando::initrd
