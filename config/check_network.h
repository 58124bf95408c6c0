// SPDX-License-Identifier: GPL-2.0-or-later
// What must hold in the nodes' network plans: every interface stands on others that are there, addresses and routes fit
// each other, no frame is larger than what is below carries, and corosync has one address that never changes.
#pragma once

#include "config/checking.h"
#include "config/cluster.h"

#include <optional>

namespace pando::config {

class NetworkCheck {
public:
    // `addresses` are those that are taken already; `root` is the document the cluster was read from.
    NetworkCheck(const Cluster& cluster, const Value& root, Unique& addresses, Complaints& complaints)
        : cluster_(cluster), root_(root), addresses_(addresses), complaints_(complaints) {}

    void node(size_t index);  // the nodes in the file's order

private:
    const Cluster& cluster_;
    const Value& root_;
    Unique& addresses_;
    Complaints& complaints_;
    Unique macs_{"MAC", "see `ip link` on the machines", complaints_};
    std::optional<bool> family_;  // whether cluster addresses are IPv6, once the first is seen
};

}  // namespace pando::config
