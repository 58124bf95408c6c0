// SPDX-License-Identifier: GPL-2.0-or-later
// Stage install, in place of joining: rd.pando.install=URL makes the LUN this cluster's storage, then powers off.
// rd.pando.overwrite=IDENTITY names a LUN whose content may be lost.
#include "base/log.h"
#include "base/store.h"
#include "initrd/boot.h"
#include "initrd/bundle_disk.h"
#include "initrd/claim.h"
#include "initrd/machine_record.h"
#include "initrd/stage_functions.h"
#include "rootfs/install.h"

namespace pando::initrd {
namespace {

Result<> leave(const Boot& boot) {
    const auto store = TRY(open_store(TRY(find_bundle_partition(boot.cluster->storage))));
    return give_back_claim(*store, boot.node().id, boot_id());
}

}  // namespace

Result<std::string> run_install(Boot& boot, Deadline deadline) {
    rootfs::InstallOptions options;
    options.device = boot.root_device;
    options.archive = *boot.arguments.install;
    options.overwrite = boot.arguments.overwrite.value_or("");
    options.overwrite_by = rootfs::OverwriteBy::kernel_argument;
    TRY(rootfs::install(*boot.cluster, options, Plan::Mode::apply, deadline));
    // The root is complete whether or not this succeeds; the next boot of the node would only take longer.
    if (auto left = leave(boot); !left) log::write(left.error());
    return fmt::format("{} now holds the root of cluster {}", boot.root_device, boot.cluster->name);
}

}  // namespace pando::initrd
