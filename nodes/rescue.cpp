// SPDX-License-Identifier: GPL-2.0-or-later
#include "nodes/rescue.h"

#include "base/fd.h"
#include "cdsl/lock.h"
#include "config/register.h"
#include "config/slots.h"
#include "initrd/quorum.h"
#include "nodes/bundle_partition.h"

#include <fcntl.h>

namespace pando::nodes {
namespace {

Result<> require_quorum() {
    if (TRY(initrd::read_quorum()).quorate) return {};
    return fail("this partition of the cluster has no quorum")
        .advise("the description is written where the majority is: pando status on the other nodes");
}

// Nothing is lost that could still be read, here or by somebody else: at most what is older than `live`.
Result<> require_loss(Store& store, const config::Slots& slots, uint64_t live) {
    for (size_t i = 0; i < slots.slots.size(); ++i) {
        const config::Slot& slot = slots.slots[i];
        if (slot.state == config::SlotState::valid && slot.generation >= live)
            return bad_input("{} is not lost: slot {} holds generation {}, and this node goes by {}", store.name(), i,
                             slot.generation, live)
                .advise("change it as always: pando bundle get, pando bundle write");
        if (slot.state == config::SlotState::future ||
            (slot.state == config::SlotState::foreign && !slot.cluster.empty()))
            return bad_input("{}: slot {} is not ours to write: {}", store.name(), i, slot.says)
                .advise("is this the right LUN? pando bundle show");
    }
    return {};
}

}  // namespace

Result<uint64_t> write_lost_bundle(Store& store, config::Bundle live) {
    (void)TRY(config::check_bundle(live));
    const auto slots = TRY(config::read_slots(store, live.cluster));
    TRY(require_loss(store, slots, live.generation));
    for (const config::Claim& claim : TRY(config::read_claims(store)))
        if (claim.generation > live.generation)
            return bad_input("this node goes by generation {}, {} by {}", live.generation, claim.node, claim.generation)
                .advise(fmt::format("give the command on {}; is that one gone, then pando bundle write --lun --initial "
                                    "from where the description is kept, with all nodes off",
                                    claim.node));
    // Something else that overwrote a slot is no bundle: write_slot() would take it for a wrong LUN.
    for (size_t i = 0; i < slots.slots.size(); ++i)
        if (slots.slots[i].state == config::SlotState::foreign)
            TRY(store.write(i * config::slot_size, std::string(Store::block, '\0')));
    ++live.generation;
    TRY(config::write_slot(store, live));
    return live.generation;
}

Result<uint64_t> rescue_bundle(Deadline deadline) {
    auto live = TRY(config::read_live_bundle());
    const UniqueFd root(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!root.valid()) return fail_errno(errno, "opening /");
    TRY(require_quorum());  // without it the root is frozen, and with it the lock
    const auto lock =
        TRY(cdsl::ChangeLock::take(root.get(), {.node = {}, .command = "pando bundle write --rescue"}, deadline));
    TRY(require_quorum());
    const auto store = TRY(open_bundle_partition());
    return write_lost_bundle(*store, std::move(live));
}

}  // namespace pando::nodes
