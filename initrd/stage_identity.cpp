// SPDX-License-Identifier: GPL-2.0-or-later
// Stage identity: machine to node. A machine that is no node of the description waits, where operators see it, until a
// newer description names it; then it goes on. Then the node is claimed: no other machine may be it.
#include "base/file.h"
#include "base/log.h"
#include "base/sysroot.h"
#include "config/register.h"
#include "initrd/ahead.h"
#include "initrd/boot.h"
#include "initrd/boot_nic.h"
#include "initrd/claim.h"
#include "initrd/machine_record.h"
#include "initrd/pending.h"
#include "initrd/stage_functions.h"

#include <unistd.h>

namespace pando::initrd {
namespace {

Result<> claim_node(Boot& boot, Deadline deadline) {
    config::Claim mine;
    mine.id = boot.node().id;
    mine.node = boot.node().name;
    mine.machine = machine_record(boot.machine, boot.arguments.boot_mac.value_or(""), boot.node().cluster_address());
    mine.boot = boot_id();
    mine.generation = boot.bundle->generation;
    (void)TRY(take_claim(*boot.store, std::move(mine), booting_patience(*boot.cluster), deadline));
    boot.store.reset();  // the node's own network comes next, and this session would not outlive it
    return {};
}

}  // namespace

Result<std::string> run_identity(Boot& boot, Deadline deadline) {
    if (!boot.store) TRY(run_bootstrap(boot, deadline));  // a second try
    const auto root = TRY(Sysroot::open("/"));
    const MachineReader read = [&] { return hwdetect::read_machine(root); };
    wait_for_boot_nic(boot, read, deadline);
    TRY(identify_or_wait(boot, read, deadline));
    if (!boot.identity.remark.empty()) log::warning("{}", boot.identity.remark);
    TRY(claim_node(boot, deadline));
    const std::string& name = boot.node().name;
    boot.timeline.node = name;
    if (sethostname(name.c_str(), name.size()) < 0) return fail_errno(errno, "setting the host name {}", name);
    TRY(write_file_atomic("/run/pando/node", name + "\n"));
    if (!boot.arguments.install) begin_chroot(boot);
    return fmt::format("{} (node id {}), by {}", name, boot.node().id, hwdetect::why(boot.identity));
}

}  // namespace pando::initrd
