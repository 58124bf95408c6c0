// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/late.h"

#include "config/register.h"
#include "initrd/quorum.h"

namespace pando::initrd {

Result<Late> look_who_is_late(Store& store, const config::Cluster& cluster, uint64_t generation) {
    const Quorum quorum = TRY(read_quorum());
    Late late;
    for (const config::Node& node : cluster.nodes) {
        if (!quorum.has(node.id)) continue;
        const auto claim = TRY(config::read_claim(store, node.id));
        if (!claim || claim->generation >= generation) continue;
        if (claim->state == config::ClaimState::up) late.up.push_back(node.name);
        if (claim->state == config::ClaimState::booting) late.booting.push_back(node.name);
    }
    return late;
}

}  // namespace pando::initrd
