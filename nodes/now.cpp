// SPDX-License-Identifier: GPL-2.0-or-later
#include "nodes/now.h"

#include <algorithm>

namespace pando::nodes {

std::string_view name_of(Life life) {
    switch (life) {
        case Life::up:
            return "up";
        case Life::booting:
            return "booting";
        case Life::apart:
            return "apart";
        case Life::left:
            return "left";
        case Life::unheard:
            return "booting-or-off";
        case Life::silent:
            break;
    }
    return "off-or-unknown";
}

const config::Claim* Now::claim_of(const config::Node& node) const {
    const auto it =
        std::find_if(claims.begin(), claims.end(), [&](const config::Claim& claim) { return claim.id == node.id; });
    return it == claims.end() ? nullptr : &*it;
}

bool Now::is_member(const config::Node& node) const { return quorum && quorum->has(node.id); }

bool Now::beats(const config::Node& node) const {
    const auto* claim = claim_of(node);
    if (claim == nullptr || claim->state == config::ClaimState::left) return false;
    const auto it = alive.find(claim->boot);
    return it != alive.end() && it->second;
}

Life Now::life_of(const config::Node& node) const {
    if (is_member(node)) return Life::up;
    const auto* claim = claim_of(node);
    if (claim != nullptr && claim->state == config::ClaimState::left) return Life::left;
    const bool begins = claim != nullptr && claim->state == config::ClaimState::booting;
    if (!beats(node)) return begins ? Life::unheard : Life::silent;
    return begins ? Life::booting : Life::apart;
}

Result<Now> read_now(Store& store, config::Bundle bundle) {
    Now now;
    now.cluster = TRY(bundle.description());
    now.bundle = std::move(bundle);
    now.alive = TRY(config::who_is_alive(store));
    now.claims = TRY(config::read_claims(store));
    now.waiting = TRY(config::read_pending(store));
    std::erase_if(now.waiting, [&](const config::Pending& one) {
        const auto it = now.alive.find(one.boot);
        return it == now.alive.end() || !it->second;
    });
    std::stable_sort(now.waiting.begin(), now.waiting.end(),
                     [](const auto& one, const auto& other) { return one.waited > other.waited; });
    if (auto quorum = initrd::read_quorum())
        now.quorum = std::move(*quorum);
    else
        now.quorum_trouble = quorum.error().what;
    return now;
}

}  // namespace pando::nodes
