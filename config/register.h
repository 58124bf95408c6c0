// SPDX-License-Identifier: GPL-2.0-or-later
// The register on the LUN, behind the bundle's slots: which machine runs as which node, and which machines wait to be
// told. One record a block, each written by one machine alone, again and again with a growing beat: a record whose beat
// stands still is of a machine that is gone. No clock and no lock takes part. Layout (bytes from the partition's
// start):
//   8 MiB   claims, one a node: block n is that of node id n, 1..1024
//   13 MiB  pending machines: 64 blocks; a machine begins at the one its boot id leads to and takes the next free one
// A block is one line "PANDO-RECORD 1 sha256=…\n", then JSON, then zeros. A torn or foreign block counts as empty.
#pragma once

#include "base/deadline.h"
#include "base/result.h"
#include "base/store.h"
#include "config/cluster.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace pando::config {

constexpr uint32_t highest_claim = 1024;     // node ids above it cannot be used with a bundle on the LUN
constexpr Milliseconds beat_interval{1000};  // between two writes of a record
constexpr Milliseconds beat_patience{3500};  // a beat that stood still for so long is that of a machine that is gone

// A machine as it says who it is. Texts are cut at 128 bytes, MACs at 16; control characters and what is no UTF-8 in
// them become question marks.
struct MachineRecord {
    MachineIdentity identity;
    std::string vendor, product;
    std::vector<std::string> macs;
    std::string address;  // the one it booted with, without prefix; empty: unknown
};

enum class ClaimState { booting, up, left };

struct Claim {
    uint32_t id = 0;   // of the node
    std::string node;  // its name
    MachineRecord machine;
    std::string boot;  // kernel's random boot_id: another boot of the same machine has another one
    ClaimState state = ClaimState::booting;
    uint64_t beat = 0;
    uint64_t generation = 0;  // of the bundle that this machine goes by now
    uint64_t time = 0;        // the machine's clock at this beat, seconds since 1970; 0: not said. For people only
};

struct Pending {
    MachineRecord machine;
    std::string boot;
    uint64_t beat = 0;
    uint64_t waited = 0;  // seconds
    uint64_t left = 0;    // seconds until it gives up
    size_t block = 0;     // where it was found
};

Result<std::optional<Claim>> read_claim(Store& store, uint32_t id);
Result<std::vector<Claim>> read_claims(Store& store);
Result<> write_claim(Store& store, const Claim& claim);
Result<> clear_claim(Store& store, uint32_t id);

Result<std::vector<Pending>> read_pending(Store& store);
// Into its own block when that is still its own, else into a free one (empty, or one whose beat was seen to stand still
// by the caller's `stale`). Returns where; an error when all 64 are taken by others.
Result<size_t> write_pending(Store& store, const Pending& pending, const std::vector<Pending>& stale);
Result<> clear_pending(Store& store, size_t block, const std::string& boot);

// Every claim and every pending machine: when the LUN is given to another cluster.
Result<> clear_register(Store& store);

// Reads again and again within `patience`: true for the boot ids whose beat has grown meanwhile, and for those that
// came meanwhile. Returns as soon as all have. Machines that left are not in it. A stall of the storage is nobody's
// death (config/beat_patience.h).
Result<std::map<std::string, bool>> who_is_alive(Store& store, Milliseconds patience = beat_patience);

}  // namespace pando::config
