// SPDX-License-Identifier: GPL-2.0-or-later
// Stage install, in place of joining: rd.pando.install=URL makes the LUN this cluster's storage, then powers off.
// rd.pando.overwrite=IDENTITY names a LUN whose content may be lost.
#include "base/log.h"
#include "initrd/boot.h"
#include "initrd/stage_functions.h"
#include "rootfs/install.h"

namespace pando::initrd {

Result<std::string> run_install(Boot& boot, Deadline deadline) {
    rootfs::InstallOptions options;
    options.device = boot.root_device;
    options.archive = *boot.arguments.install;
    options.overwrite = boot.arguments.overwrite.value_or("");
    options.overwrite_by = rootfs::OverwriteBy::kernel_argument;
    TRY(rootfs::install(*boot.cluster, options, Plan::Mode::apply, deadline));
    return fmt::format("{} now holds the root of cluster {}", boot.root_device, boot.cluster->name);
}

}  // namespace pando::initrd
