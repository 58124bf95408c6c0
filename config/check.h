// SPDX-License-Identifier: GPL-2.0-or-later
// What must hold between values of a cluster: nothing twice, fencing that fences, addresses that fit each other.
#pragma once

#include "config/cluster.h"
#include "config/document.h"
#include "config/values.h"

namespace pando::config {

constexpr size_t supported_nodes = 16;     // the limit of GFS2 and DLM
constexpr size_t fence_devices_limit = 4;  // what dlm_controld has room for, per node; it does not check

// `root` is the document the cluster was read from, with profiles folded in: complaints point there. `complete` says
// that every value was read; otherwise only what does not depend on missing ones is checked.
void check_cluster(const Cluster& cluster, const Value& root, bool complete, Complaints& complaints);

// What a file that an admin writes must not say, and a description that blades boot by may: a key of a machine that is
// no key. No machine is found by it, and a description from before the list knew it boots all the others.
void check_machine_keys(const Cluster& cluster, const Value& root, Complaints& complaints);

// Addresses of boot.subnet that are leased to blades while they boot, known or not: up to 256 from where its last
// quarter begins. Of 192.0.2.0/24: 192.0.2.192 to 192.0.2.253.
struct AddressRange {
    Ip first, last;
    bool contains(const Ip& ip) const { return !ip.v6 && ip.v4() >= first.v4() && ip.v4() <= last.v4(); }
};
AddressRange unknown_machines(const Cidr& subnet);

}  // namespace pando::config
