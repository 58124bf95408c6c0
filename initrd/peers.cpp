// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/peers.h"

#include "config/lost_newest.h"

#include <algorithm>

namespace pando::initrd {
namespace {

constexpr Milliseconds peer_patience{1500};  // a beat and a half: a node that beats is seen to

Result<> refuse_older(Store& store, const config::Cluster& cluster, uint64_t generation,
                      const std::vector<config::Claim>& claims, Milliseconds patience) {
    const auto same = config::refuse_lost_newest(store, cluster.name, generation, claims, {}, patience);
    if (same) return {};
    Error error = same.error();
    error.advice += "; then boot this machine again";
    return Failure(error);
}

}  // namespace

Result<Peers> look_at_peers(Store& store, const config::Cluster& cluster, uint64_t generation, const std::string& self,
                            Milliseconds patience) {
    const auto alive = TRY(config::who_is_alive(store, std::min(patience, peer_patience)));
    const auto claims = TRY(config::read_claims(store));
    TRY(refuse_older(store, cluster, generation, claims, patience));
    Peers peers;
    std::set<std::string> ran;
    bool runs = false;
    for (const config::Claim& claim : claims) {
        ran.insert(claim.node);
        const config::Node* node = cluster.find_node(claim.node);
        const auto lives = alive.find(claim.boot);
        if (node == nullptr || node->name == self || lives == alive.end() || !lives->second) continue;
        runs = runs || claim.state == config::ClaimState::up;
        peers.alive.push_back(*node);
        peers.beats.push_back(claim);
    }
    for (const config::Node& node : cluster.nodes)
        if (runs && !ran.contains(node.name)) peers.never_ran.insert(node.name);
    return peers;
}

}  // namespace pando::initrd
