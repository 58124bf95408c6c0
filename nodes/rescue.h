// SPDX-License-Identifier: GPL-2.0-or-later
// The LUN's newest description is lost while the cluster runs, with both slots or with one of them: the nodes still
// have it in /run, and one that has the newest writes it again. No other command could: each begins with what the LUN
// holds.
#pragma once

#include "base/deadline.h"
#include "base/result.h"
#include "base/store.h"
#include "config/bundle.h"

namespace pando::nodes {

// Writes this node's live bundle, under the cluster's lock and with quorum. Returns its generation, which is above all
// that any node goes by: those that run take it over, and find nothing changed.
Result<uint64_t> rescue_bundle(Deadline deadline);

// What it does to the partition. Refused: a slot that holds `live` or a newer one, a slot of another cluster or of a
// newer Pando, and a node that goes by a newer generation than `live`.
Result<uint64_t> write_lost_bundle(Store& store, config::Bundle live);

}  // namespace pando::nodes
