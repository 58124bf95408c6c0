// SPDX-License-Identifier: GPL-2.0-or-later
// Stage root: the shared root, mounted by a child of ours: a mount that waits for a fencing cannot be interrupted, and
// process 1 must be able to say so.
#include "initrd/boot.h"
#include "initrd/boot_control.h"
#include "initrd/device_map.h"
#include "initrd/mount_root.h"
#include "initrd/stage_functions.h"

#include <sys/stat.h>

namespace pando::initrd {
namespace {

// The device to mount: a map, so that `pando chroot drill` can suspend it. One that is there below the root anyway, as
// a multipath map is, needs no second one above it.
Result<std::string> mapped(const std::string& device) {
    struct stat status {};
    if (stat(device.c_str(), &status) < 0) return fail_errno(errno, "{}", device);
    if (map_on(status.st_rdev)) return device;
    return TRY(DeviceMap::linear(root_map_name, device)).path().string();
}

}  // namespace

Result<std::string> run_root(Boot& boot, Deadline deadline) {
    const config::Root& root = boot.cluster->root;
    const std::string device = TRY(mapped(boot.root_device));
    waiting_for(fmt::format("the mount of {}: it waits while a node is fenced or a journal replayed", device));
    const Finished mounted =
        TRY(run({.argv = {"/proc/self/exe", mount_root_verb, device, root.filesystem, root.mount_options},
                 .deadline = deadline}));
    if (!mounted.ok()) {
        const auto [what, advice] = split_report(mounted.err);
        return fail("{}", what).advise(advice);
    }
    return fmt::format("{} ({}, {}) at {}, by {}", boot.root_device, root.filesystem, boot.cluster->lock_table(),
                       sysroot_path, device);
}

}  // namespace pando::initrd
