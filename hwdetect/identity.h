// SPDX-License-Identifier: GPL-2.0-or-later
// Machine to node, by the strongest key that matches: UUID, then serial, then asset tag, then MACs.
// Two nodes at the strongest matching key, or keys that name different nodes, are refused with both named.
//
//   auto identity = TRY(hwdetect::identify(machine, cluster));
//   if (!identity.remark.empty()) log::warning("{}", identity.remark);
//
// UUIDs: the kernel shows the first three fields little-endian, as SMBIOS 2.6 and QEMU mean them; some firmware
// menus and BMCs show them the other way round. A UUID that was copied from there matches too, when no node has the
// machine's own form, and the remark says so.
#pragma once

#include "base/result.h"
#include "config/cluster.h"
#include "hwdetect/machine.h"

#include <string>

namespace pando::hwdetect {

struct Identity {
    const config::Node* node = nullptr;  // points into the cluster that was searched
    std::string key;                     // which key decided: "UUID 1234…", "MAC 52:54:…"
    std::string remark;                  // what does not fit although it decided nothing; empty when all fits
};

// Error: a stranger (its identity is in the message, the lines for cluster.yaml in the advice) or an ambiguity.
Result<Identity> identify(const Machine& machine, const config::Cluster& cluster);

}  // namespace pando::hwdetect
