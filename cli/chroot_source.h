// SPDX-License-Identifier: GPL-2.0-or-later
// What the commands about a chroot to be are given: the tree it is taken from, and whose chroot it is.
#pragma once

#include "base/sysroot.h"
#include "chroot-builder/manifest.h"

#include <CLI/CLI.hpp>
#include <string>

namespace pando::cli {

struct ChrootSource {
    std::string root = "/";
    std::string cluster;
};

void add_options(CLI::App& app, ChrootSource& source);

struct Resolved {
    Sysroot root;
    chroot::Manifest manifest;
};
Result<Resolved> resolve(const ChrootSource& source);

// "305 entries, 42.5 MB, 43.2 MB resident on a tmpfs"
std::string sizes_of(const chroot::Manifest& manifest);

}  // namespace pando::cli
