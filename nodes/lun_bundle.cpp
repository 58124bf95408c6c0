// SPDX-License-Identifier: GPL-2.0-or-later
#include "nodes/lun_bundle.h"

#include "config/register.h"
#include "config/slots.h"
#include "rootfs/gpt.h"
#include "rootfs/install.h"
#include "rootfs/prepare.h"

#include <fmt/ranges.h>
#include <algorithm>

namespace pando::nodes {
namespace {

// Who reads the LUN's file beside its server does not see when the nodes' way to it stands still: they have longer.
constexpr Milliseconds patience_from_outside{15000};

// Machines that wait to be told who they are do not go by the bundle; nodes do.
Result<> refuse_while_alive(Store& store) {
    const auto alive = TRY(config::who_is_alive(store, patience_from_outside));
    std::vector<std::string> nodes;
    for (const config::Claim& claim : TRY(config::read_claims(store)))
        if (const auto at = alive.find(claim.boot); at != alive.end() && at->second) nodes.push_back(claim.node);
    if (nodes.empty()) return {};
    return bad_input("nodes of this LUN are running: {}", fmt::join(nodes, ", "))
        .advise("change the description on one of them: pando bundle write, without --lun");
}

bool is_ours(const config::Slot& slot, const config::Bundle& bundle) {
    return slot.state == config::SlotState::valid && slot.cluster == bundle.cluster;
}

// What the slots hold, when the bundle may be written there.
Result<config::Slots> look_at_slots(Store& store, const config::Bundle& bundle, const LunWriteOptions& options) {
    TRY(refuse_while_alive(store));
    auto slots = TRY(config::read_slots(store, bundle.cluster));
    if (!options.overwrite.empty())
        for (const config::Slot& slot : slots.slots)
            if (!slot.cluster.empty() && slot.cluster != options.overwrite && slot.cluster != bundle.cluster)
                return bad_input("{} holds the bundle of cluster {}, not of {}", store.name(), slot.cluster,
                                 options.overwrite)
                    .advise("is this the right LUN?");
    const config::Slot* newest = slots.newest ? &slots.slots[*slots.newest] : nullptr;
    if (newest != nullptr && options.initial && newest->bundle->files != bundle.files)
        return bad_input("{} holds generation {} of cluster {} already", store.name(), newest->generation,
                         bundle.cluster)
            .advise("look at the difference and write it without --initial: pando bundle write --dry-run");
    // The error of reading says what is there in place of a bundle. Who says what may be lost means the first one.
    if (newest == nullptr && !options.initial && options.overwrite.empty())
        (void)TRY(config::read_newest(store, bundle.cluster));
    return slots;
}

// Makes room where `overwrite` allows it. The claims of another cluster's nodes go first: nobody must meet them beside
// our bundle.
Result<> make_room(Store& store, const config::Bundle& bundle, const std::string& overwrite) {
    const auto slots = TRY(config::read_slots(store, "")).slots;
    const auto lost = [&](const config::Slot& slot) {
        return slot.state != config::SlotState::empty && !is_ours(slot, bundle);
    };
    if (overwrite.empty()) return {};
    const bool another = std::any_of(slots.begin(), slots.end(), [&](const config::Slot& slot) {
        return !slot.cluster.empty() && slot.cluster != bundle.cluster;
    });
    if (another) TRY(config::clear_register(store));
    for (size_t i = 0; i < slots.size(); ++i)
        if (lost(slots[i])) TRY(store.write(i * config::slot_size, std::string(Store::block, '\0')));
    return {};
}

}  // namespace

Result<std::unique_ptr<Store>> open_bundle_of_lun(const std::filesystem::path& lun) {
    return rootfs::open_partition(TRY(open_store(lun)), rootfs::partition_bundle);
}

Result<> may_write_bundle_to_lun(const config::Bundle& bundle, const LunWriteOptions& options) {
    (void)TRY(config::check_bundle(bundle));
    if (options.initial && TRY(rootfs::needs_preparing(options.lun, options.overwrite))) return {};
    const auto store = TRY(open_bundle_of_lun(options.lun));
    (void)TRY(look_at_slots(*store, bundle, options));
    return {};
}

Result<uint64_t> write_bundle_to_lun(config::Bundle bundle, const LunWriteOptions& options, Deadline deadline) {
    (void)TRY(config::check_bundle(bundle));
    if (options.initial) TRY(rootfs::prepare_lun(options.lun, options.overwrite, deadline));
    const auto store = TRY(open_bundle_of_lun(options.lun));
    const auto slots = TRY(look_at_slots(*store, bundle, options));
    TRY(make_room(*store, bundle, options.overwrite));
    const config::Slot* newest = slots.newest ? &slots.slots[*slots.newest] : nullptr;
    if (newest != nullptr && newest->bundle->files == bundle.files) return newest->generation;
    bundle.generation = newest != nullptr ? newest->generation + 1 : 1;
    TRY(config::write_slot(*store, bundle));
    return bundle.generation;
}

}  // namespace pando::nodes
