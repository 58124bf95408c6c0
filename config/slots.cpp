// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/slots.h"

#include "config/bundle_header.h"

#include <fmt/format.h>

#include <algorithm>

namespace pando::config {
namespace {

uint64_t whole_blocks(uint64_t bytes) { return (bytes + Store::block - 1) / Store::block * Store::block; }

bool only_zeros(std::string_view bytes) { return bytes.find_first_not_of('\0') == std::string_view::npos; }

Slot told(SlotState state, std::string cluster, std::string says) {
    Slot slot;
    slot.state = state;
    slot.cluster = std::move(cluster);
    slot.says = std::move(says);
    return slot;
}

// Reads as much of the slot as its header says there is.
Result<Slot> read_slot(Store& store, size_t index, std::string_view cluster) {
    const uint64_t start = index * slot_size;
    std::string blob = TRY(store.read(start, Store::block));
    if (only_zeros(blob)) return told(SlotState::empty, {}, "never written");
    if (!is_bundle(blob)) return told(SlotState::foreign, {}, "something else than a bundle is in it");
    const auto header = read_header(blob);
    if (!header && is_from_newer_pando(blob)) return told(SlotState::future, {}, header.error().what);
    if (!header) return told(SlotState::torn, {}, header.error().what);
    if (!cluster.empty() && header->cluster != cluster)
        return told(SlotState::foreign, header->cluster, fmt::format("it is of cluster {}", header->cluster));

    const uint64_t size = header->length + std::min<uint64_t>(header->bytes, slot_size);
    if (size > slot_size)
        return told(SlotState::torn, header->cluster,
                    fmt::format("its header says {} bytes, a slot has {}", header->bytes, slot_size));
    if (whole_blocks(size) > blob.size())
        blob += TRY(store.read(start + blob.size(), whole_blocks(size) - blob.size()));
    auto bundle = decode(std::string_view(blob).substr(0, size));
    if (!bundle) return told(SlotState::torn, header->cluster, bundle.error().what);
    Slot slot = told(SlotState::valid, header->cluster, {});
    slot.generation = bundle->generation;
    slot.bundle = std::move(*bundle);
    return slot;
}

std::string both_say(const Slots& slots) {
    return fmt::format("slot 0: {}; slot 1: {}", slots.slots[0].says, slots.slots[1].says);
}

bool any(const Slots& slots, SlotState state) {
    return std::any_of(slots.slots.begin(), slots.slots.end(), [&](const Slot& slot) { return slot.state == state; });
}

Failure of_newer_pando(const Store& store, const Slots& slots) {
    const Slot& future = slots.slots[slots.slots[0].state == SlotState::future ? 0 : 1];
    return fail("{}: a newer Pando has written the bundle: {}", store.name(), future.says)
        .advise("boot an image of that Pando, and change the cluster with it");
}

Failure no_bundle(const Store& store, const Slots& slots, std::string_view cluster) {
    const std::string whose = cluster.empty() ? "no bundle" : fmt::format("no bundle of cluster {}", cluster);
    auto failure = fail("{} has {}: {}", store.name(), whose, both_say(slots));
    const bool of_another = std::any_of(slots.slots.begin(), slots.slots.end(), [](const Slot& slot) {
        return slot.state == SlotState::foreign && !slot.cluster.empty();
    });
    if (of_another)
        return failure.advise(
            "is this the right LUN? check the target and the LUN's number, and which cluster the boot server names");
    if (any(slots, SlotState::torn))
        return failure.advise(
            "both slots are lost. Does a node still run, then there: pando bundle write --rescue. Else write the "
            "description again from where it is kept: pando bundle write --initial --lun LUN cluster.yaml");
    if (any(slots, SlotState::foreign))
        return failure.advise("is this the right LUN? It was not prepared for Pando, or something has overwritten it");
    return failure.advise("write the cluster's description: pando bundle write --initial --lun LUN cluster.yaml");
}

// The slot that may go: never the newest, and the emptier one where there is none.
size_t slot_to_write(const Slots& slots) {
    if (slots.newest) return 1 - *slots.newest;
    return slots.slots[0].state != SlotState::empty && slots.slots[1].state == SlotState::empty ? 1 : 0;
}

Result<> may_write(const Store& store, const Slots& slots, const Bundle& bundle) {
    if (any(slots, SlotState::future)) return of_newer_pando(store, slots);
    for (size_t i = 0; i < slot_count; ++i) {
        const Slot& slot = slots.slots[i];
        if (slot.state != SlotState::foreign) continue;
        // Beside a bundle of ours, what is no bundle at all is our own slot, damaged.
        if (slot.cluster.empty() && slots.newest) continue;
        return bad_input("{}: slot {} is not of cluster {}: {}", store.name(), i, bundle.cluster, slot.says)
            .advise("is this the right LUN? pando bundle write --overwrite names the cluster that may be lost");
    }
    if (!slots.newest) return {};
    const uint64_t newest = slots.slots[*slots.newest].generation;
    if (bundle.generation > newest) return {};
    return fail("{} holds generation {} of {}'s bundle already: generation {} cannot follow it", store.name(), newest,
                bundle.cluster, bundle.generation)
        .advise("somebody else has changed the cluster meanwhile: begin again from what is there (pando bundle get)");
}

}  // namespace

std::string_view slot_state_name(SlotState state) {
    switch (state) {
        case SlotState::empty:
            return "empty";
        case SlotState::valid:
            return "valid";
        case SlotState::torn:
            return "torn";
        case SlotState::foreign:
            return "foreign";
        case SlotState::future:
            return "future";
    }
    return "unknown";
}

Result<Slots> read_slots(Store& store, std::string_view cluster) {
    TRY(check_size(store));
    Slots slots;
    for (size_t i = 0; i < slot_count; ++i) {
        slots.slots[i] = TRY(read_slot(store, i, cluster));
        const Slot& slot = slots.slots[i];
        if (slot.state != SlotState::valid) continue;
        if (!slots.newest || slot.generation > slots.slots[*slots.newest].generation) slots.newest = i;
    }
    return slots;
}

Result<Bundle> read_newest(Store& store, std::string_view cluster) {
    Slots slots = TRY(read_slots(store, cluster));
    // A writer that was just ending in the one slot and beginning in the other: the first one is whole by now.
    if (!slots.newest && any(slots, SlotState::torn)) slots = TRY(read_slots(store, cluster));
    if (any(slots, SlotState::future)) return of_newer_pando(store, slots);
    if (!slots.newest) return no_bundle(store, slots, cluster);
    return std::move(*slots.slots[*slots.newest].bundle);
}

Result<> write_slot(Store& store, const Bundle& bundle) {
    const Slots slots = TRY(read_slots(store, bundle.cluster));
    TRY(may_write(store, slots, bundle));
    std::string blob = encode(bundle);
    if (blob.size() > slot_size)
        return bad_input("the bundle of {} is {} bytes, a slot has {}", bundle.cluster, blob.size(), slot_size)
            .advise("shorten the comments of cluster.yaml, or the files that its fence devices name");
    blob.resize(whole_blocks(blob.size()), '\0');
    const size_t index = slot_to_write(slots);
    TRY(store.write(index * slot_size, blob));
    if (TRY(store.read(index * slot_size, blob.size())) == blob) return {};
    return fail("{}: slot {} does not read back as it was written", store.name(), index)
        .advise("the older generation still holds; look at the storage before writing again");
}

}  // namespace pando::config
