// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/beat.h"

#include <algorithm>
#include <ctime>

namespace pando::initrd {

Result<std::optional<config::Claim>> beat(Store& store, config::Claim& claim) {
    auto there = TRY(config::read_claim(store, claim.id));
    if (there && there->boot != claim.boot && there->state != config::ClaimState::left) return there;
    claim.beat += 1;
    claim.time = static_cast<uint64_t>(std::max<std::time_t>(std::time(nullptr), 0));
    TRY(config::write_claim(store, claim));
    return std::optional<config::Claim>();
}

}  // namespace pando::initrd
