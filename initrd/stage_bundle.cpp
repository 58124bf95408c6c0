// SPDX-License-Identifier: GPL-2.0-or-later
// Stage bundle: the cluster's description, from the newest valid slot on the LUN.
#include "base/log.h"
#include "config/slots.h"
#include "initrd/boot.h"
#include "initrd/stage_functions.h"
#include "initrd/take_over.h"

namespace pando::initrd {

Result<> take_bundle(Boot& boot, config::Bundle bundle) {
    auto cluster = bundle.description();
    if (!cluster) return Failure(cluster.error().context("bundle"));
    TRY(go_by(bundle, boot.run));
    boot.identity = {};  // it points into the description that goes
    boot.bundle = std::move(bundle);
    boot.cluster = std::move(*cluster);
    boot.timeline.cluster = boot.cluster->name;
    return {};
}

Result<std::string> run_bundle(Boot& boot, Deadline deadline) {
    if (!boot.store) TRY(run_bootstrap(boot, deadline));  // gone back to: the node's claim has closed it
    const auto slots = TRY(config::read_slots(*boot.store, boot.arguments.cluster));
    for (size_t i = 0; i < slots.slots.size(); ++i) {
        const config::Slot& slot = slots.slots[i];
        if (slot.state != config::SlotState::valid && slot.state != config::SlotState::empty)
            log::warning("bundle: slot {} is not used: {}", i, slot.says);
    }
    TRY(take_bundle(boot, TRY(config::read_newest(*boot.store, boot.arguments.cluster))));
    return fmt::format("cluster {}, generation {}, {} nodes", boot.cluster->name, boot.bundle->generation,
                       boot.cluster->nodes.size());
}

}  // namespace pando::initrd
