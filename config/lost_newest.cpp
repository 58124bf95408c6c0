// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/lost_newest.h"

#include "config/slots.h"

#include <fmt/ranges.h>

#include <algorithm>

namespace pando::config {
namespace {

// Those with the highest generation of all.
std::vector<std::string> who_goes_by_newest(const std::vector<GoesBy>& nodes, uint64_t generation) {
    std::vector<std::string> names;
    for (const GoesBy& one : nodes)
        if (one.generation == generation) names.push_back(one.node);
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
}

Failure lost(const Store& store, uint64_t held, const std::vector<GoesBy>& ahead) {
    uint64_t generation = 0;
    for (const GoesBy& one : ahead) generation = std::max(generation, one.generation);
    const auto names = who_goes_by_newest(ahead, generation);
    return fail(
               "the newest description on {} is generation {}, and {} {} by generation {}: the newest copy is lost "
               "(its slot was damaged, or the LUN was set back)",
               store.name(), held, fmt::join(names, ", "), names.size() == 1 ? "goes" : "go", generation)
        .advise(fmt::format("on {}: pando bundle write --rescue, which writes it again", fmt::join(names, " or ")));
}

}  // namespace

Result<> refuse_lost_newest(Store& store, const std::string& cluster, uint64_t known, const std::vector<Claim>& claims,
                            const std::optional<GoesBy>& self, Milliseconds patience) {
    std::vector<Claim> newer;
    for (const Claim& claim : claims)
        if (claim.state != ClaimState::left && claim.generation > known) newer.push_back(claim);
    const bool self_is_newer = self && self->generation > known;
    if (newer.empty() && !self_is_newer) return {};

    // A claim names what its machine has read from a slot, and the next writer leaves that one alone: it is still
    // there.
    const uint64_t held = std::max(known, TRY(read_newest(store, cluster)).generation);
    std::erase_if(newer, [&](const Claim& claim) { return claim.generation <= held; });
    std::vector<GoesBy> ahead;
    if (self && self->generation > held) ahead.push_back(*self);
    if (!newer.empty()) {
        const auto alive = TRY(who_is_alive(store, patience));
        for (const Claim& claim : newer)
            if (const auto lives = alive.find(claim.boot); lives != alive.end() && lives->second)
                ahead.push_back({claim.node, claim.generation});
    }
    if (ahead.empty()) return {};
    return lost(store, held, ahead);
}

}  // namespace pando::config
