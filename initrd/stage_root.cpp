// SPDX-License-Identifier: GPL-2.0-or-later
// Stage root: the shared root, mounted by a child of ours: a mount that waits for a fencing cannot be interrupted, and
// process 1 must be able to say so.
#include "initrd/boot.h"
#include "initrd/mount_root.h"
#include "initrd/stage_functions.h"

namespace pando::initrd {

Result<std::string> run_root(Boot& boot, Deadline deadline) {
    const config::Root& root = boot.cluster->root;
    const Finished mounted =
        TRY(run({.argv = {"/proc/self/exe", mount_root_verb, boot.root_device, root.filesystem, root.mount_options},
                 .deadline = deadline}));
    if (!mounted.ok()) {
        const auto [what, advice] = split_report(mounted.err);
        return fail("{}", what).advise(advice);
    }
    return fmt::format("{} ({}, {}) at {}", boot.root_device, root.filesystem, boot.cluster->lock_table(),
                       sysroot_path);
}

}  // namespace pando::initrd
