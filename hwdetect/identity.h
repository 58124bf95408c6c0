// SPDX-License-Identifier: GPL-2.0-or-later
// Machine to node, by the strongest key that matches: UUID, then serial, then asset tag, then MACs.
//
//   auto identity = TRY(hwdetect::identify(machine, cluster));
//   if (!identity.remark.empty()) log::warning("{}", identity.remark);
//   log::info("{}", hwdetect::why(identity));  // "UUID 4c4c…; certain, 3 keys agree"
//
// UUID and serial are the machine's own: when they name different nodes it is refused, and so is a key that names two.
// A NIC is a part that moves, an asset tag may be the enclosure's. One that belongs to another node is only named in
// the remark, if UUID or serial decided and one more key of the node agrees. Without that one the UUID may be one that
// two boards share, and taking the wrong of two nodes would let fencing shoot the wrong machine: it is refused. For the
// same reason a MAC does not make a machine the node that cluster.yaml binds to another UUID or serial, and neither
// does a UUID that comes with another serial and none of the node's MACs, nor an asset tag that comes with another UUID
// or serial: such a machine only resembles the node (decision 0012). Keys that many machines have
// (hwdetect/placeholder.h) and MACs that the kernel made up decide nothing.
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

enum class Confidence {
    likely,   // by asset tag or MAC alone: labels and NICs move between machines
    certain,  // by UUID or serial
};

struct Identity {
    const config::Node* node = nullptr;  // points into the cluster that was searched
    std::string key;                     // which key decided: "UUID 1234…", "MAC 52:54:…"
    std::string remark;                  // what does not fit although it decided nothing; empty when all fits
    Confidence confidence = Confidence::likely;
    unsigned agreeing = 0;  // keys that lead to the node, the deciding one too
};

// Error: a stranger (its identity is in the message, the lines for cluster.yaml in the advice), one that resembles a
// node, or an ambiguity.
Result<Identity> identify(const Machine& machine, const config::Cluster& cluster);

// For the console: the key that decided, how sure that is, and how many keys say the same.
std::string why(const Identity& identity);

}  // namespace pando::hwdetect
