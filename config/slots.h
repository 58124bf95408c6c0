// SPDX-License-Identifier: GPL-2.0-or-later
// The bundle on the LUN: two slots in the partition pando-bundle, written alternately, so that a torn write leaves the
// other one. The newest valid slot of this cluster counts. Layout of the partition (bytes):
//   0      slot 0: an encoded bundle (config/bundle.h); what lies behind its last block is not looked at
//   4 MiB  slot 1
//   8 MiB  the register (config/register.h)
#pragma once

#include "base/result.h"
#include "base/store.h"
#include "config/bundle.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace pando::config {

constexpr size_t slot_count = 2;
constexpr uint64_t slot_size = 4U << 20U;  // bytes

// foreign: another cluster's, or no bundle at all; future: of a version that this Pando cannot read.
enum class SlotState { empty, valid, torn, foreign, future };
std::string_view slot_state_name(SlotState state);

struct Slot {
    SlotState state = SlotState::empty;
    std::string cluster;           // as its header says; empty: it has none that can be read
    uint64_t generation = 0;       // of a valid one
    std::optional<Bundle> bundle;  // of a valid one
    std::string says;              // why it is not valid, for a person
};

struct Slots {
    std::array<Slot, slot_count> slots;
    std::optional<size_t> newest;  // index of the valid slot with the highest generation
};

// `cluster` empty: of whatever cluster it is. An error only when the disk cannot be read.
Result<Slots> read_slots(Store& store, std::string_view cluster);

// The newest bundle. The error tells of both slots, and what to do: it was never written, both are damaged, it is of
// another cluster, it was written by a newer Pando. That one counts beside a valid slot, too: it is what the cluster
// goes by now, and a machine that went by the older slot would join with an outdated description.
Result<Bundle> read_newest(Store& store, std::string_view cluster);

// Has it room for the slots?
Result<> check_size(const Store& store);

// The highest generation that the headers name, by reading 4 KiB of each slot: to see whether anything changed. 0:
// none. What it names may be torn; read_newest() decides.
Result<uint64_t> peek_generation(Store& store);

// Writes into the slot that is not the newest, reads it back and compares. The bundle's generation must be above the
// newest one. Refused: a slot of another cluster or of a newer Pando, and a partition with something else in it and no
// bundle of this cluster beside it. Its caller holds the cluster's lock (nodes/publish.h).
Result<> write_slot(Store& store, const Bundle& bundle);

}  // namespace pando::config
