// SPDX-License-Identifier: GPL-2.0-or-later
// The newest copy of the description on the LUN can be lost while nodes go by it: its slot was damaged, or the LUN was
// set back to an older state. The other slot is valid and older; it may name the BMC of a machine that was replaced. So
// nobody builds upon what the slots hold, or boots by it, before this was asked.
//
//   const auto newest = TRY(read_newest(*store, cluster));
//   TRY(refuse_lost_newest(*store, newest.cluster, newest.generation, TRY(read_claims(*store))));
#pragma once

#include "base/deadline.h"
#include "base/result.h"
#include "base/store.h"
#include "config/register.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pando::config {

// A node that lives, as its own memory says.
struct GoesBy {
    std::string node;
    uint64_t generation = 0;
};

// Error: a machine that lives goes by a newer generation than `known` and than every slot that can be read. The slots
// are read again before that is said: somebody may have written since `known` was read. Claims must be those of now.
// Takes no time unless a claim names a newer generation that the slots lack; then its beat is watched for.
Result<> refuse_lost_newest(Store& store, const std::string& cluster, uint64_t known, const std::vector<Claim>& claims,
                            const std::optional<GoesBy>& self = {}, Milliseconds patience = beat_patience);

}  // namespace pando::config
