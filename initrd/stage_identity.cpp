// SPDX-License-Identifier: GPL-2.0-or-later
// Stage identity: machine to node.
#include "base/file.h"
#include "base/log.h"
#include "initrd/boot.h"
#include "initrd/stage_functions.h"

#include <unistd.h>

namespace pando::initrd {

Result<std::string> run_identity(Boot& boot, Deadline) {
    // Known already when hardware and bundle told it before the network: work ahead of its stage reads it meanwhile.
    if (boot.identity.node == nullptr) boot.identity = TRY(hwdetect::identify(boot.machine, *boot.cluster));
    if (!boot.identity.remark.empty()) log::warning("{}", boot.identity.remark);
    const std::string& name = boot.node().name;
    boot.timeline.node = name;
    if (sethostname(name.c_str(), name.size()) < 0) return fail_errno(errno, "setting the host name {}", name);
    TRY(write_file_atomic("/run/pando/node", name + "\n"));
    return fmt::format("{} (node id {}), by {}", name, boot.node().id, boot.identity.key);
}

}  // namespace pando::initrd
