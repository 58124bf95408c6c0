// SPDX-License-Identifier: GPL-2.0-or-later
// The other nodes, as a machine sees them that boots: by what stands on the LUN, for no corosync runs here yet.
//
//   const Peers peers = TRY(look_at_peers(*store, *boot.cluster, boot.bundle->generation, boot.node().name));
#pragma once

#include "base/deadline.h"
#include "base/result.h"
#include "base/store.h"
#include "config/cluster.h"
#include "config/register.h"

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace pando::initrd {

struct Peers {
    std::vector<config::Node> alive;   // they beat
    std::vector<config::Claim> beats;  // theirs
    std::set<std::string> never_ran;   // when the cluster runs: nodes that no machine ever ran as
};

// Error: a machine that lives goes by a newer description than this boot, and the LUN has lost that (docs/nodes.md).
// One that the LUN still has is no error: stage join takes it over.
Result<Peers> look_at_peers(Store& store, const config::Cluster& cluster, uint64_t generation, const std::string& self,
                            Milliseconds patience = config::beat_patience);

}  // namespace pando::initrd
