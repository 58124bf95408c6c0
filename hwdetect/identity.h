// SPDX-License-Identifier: GPL-2.0-or-later
// Machine to node, by the strongest key that matches: UUID, then serial, then asset tag, then MACs.
// Two nodes at the strongest matching key, or keys that name different nodes, are refused with both named.
#pragma once

#include "base/result.h"
#include "config/cluster.h"
#include "hwdetect/machine.h"

#include <string>

namespace pando::hwdetect {

struct Identity {
    const config::Node* node = nullptr;   // points into the cluster that was searched
    std::string key;                      // which key decided: "UUID 1234…", "MAC 52:54:…"
};

// Error: a stranger (its identity is in the message) or an ambiguity.
Result<Identity> identify(const Machine& machine, const config::Cluster& cluster);

}  // namespace pando::hwdetect
