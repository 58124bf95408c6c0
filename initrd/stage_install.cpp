// SPDX-License-Identifier: GPL-2.0-or-later
// Stage install, in place of joining: rd.pando.install=URL makes the LUN this cluster's storage, then powers off.
#include "base/log.h"
#include "initrd/boot.h"
#include "initrd/stage_functions.h"
#include "rootfs/install.h"

namespace pando::initrd {

Result<std::string> run_install(Boot& boot, Deadline) {
    rootfs::InstallOptions options;
    options.device = boot.root_device;
    options.archive = *boot.arguments.install;
    TRY(rootfs::install(*boot.cluster, options, Plan::Mode::apply));
    return fmt::format("{} now holds the root of cluster {}", boot.root_device, boot.cluster->name);
}

}  // namespace pando::initrd
