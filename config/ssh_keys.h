// SPDX-License-Identifier: GPL-2.0-or-later
// Keys of ssh: whose may log in, each node's own host key of the rescue ssh (docs/rescue.md), and that of the nodes
// among themselves.
//
// A host key follows from the cluster's authkey and the node's name: there is nothing to store, to lose or to hand out,
// an administrator knows its public part before the node has ever booted, and a new authkey makes new ones
// (docs/decisions/0014).
//
//   const RescueHostKey key = TRY(rescue_host_key(bundle.files.at("authkey"), "n1"));
//   fmt::print("[192.0.2.11]:2222 {}\n", key.public_line);                     // a line of known_hosts
#pragma once

#include "base/result.h"

#include <string>
#include <string_view>

namespace pando::config {

struct RescueHostKey {
    std::string dropbear_file;  // what dropbear -r reads: secret
    std::string public_line;    // ssh-ed25519 AAAA…
};
Result<RescueHostKey> rescue_host_key(std::string_view authkey, std::string_view node);

// The key by which root of a node reaches root of the others (nodes/remote.h). It follows from the authkey as well:
// root of one node is root of all, and there is nothing to set up.
struct NodeSshKey {
    std::string private_file;  // as ssh -i reads it: secret
    std::string public_line;   // ssh-ed25519 AAAA…
};
Result<NodeSshKey> node_ssh_key(std::string_view authkey);

// TYPE BASE64 [COMMENT], and nothing before it: options may run a program. Empty: it is such a key.
std::string plain_key_fault(std::string_view line);

}  // namespace pando::config
