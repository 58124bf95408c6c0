// SPDX-License-Identifier: GPL-2.0-or-later
// The boot files: kernel, image (by dracut with Pando's module), bundle archive, iPXE script.
#pragma once

#include "base/result.h"
#include "config/cluster.h"

#include <filesystem>
#include <string>
#include <vector>

namespace pando::initrd {

struct ImageOptions {
    std::filesystem::path root = "/";          // the tree whose kernel and programs go in; dracut runs inside it
    std::string kernel;                        // version; empty: the only or newest one there
    std::vector<std::string> drivers;          // modules of the known machines; empty: all storage and network drivers
    std::filesystem::path output;              // directory: vmlinuz, pando.img, bundle.cpio, boot.ipxe
    std::filesystem::path cluster_yaml;        // decides the fence agents inside, and the bundle
};

Result<> build_image(const ImageOptions& options);

}  // namespace pando::initrd
