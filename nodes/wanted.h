// SPDX-License-Identifier: GPL-2.0-or-later
// Nodes that somebody wants to have, and what they are missing: a node id, an address, names of NICs. Pure: the text of
// cluster.yaml and the wish give the entries to add to it.
//
//   std::vector<Wanted> wanted = {{.keys = {{"name", "n4"}, {"profile", "blade"}}, .origin = "pando node add"}};
//   const Additions all = TRY(complete(text, wanted));
//   const std::string next = TRY(config::add_nodes(text, all.fresh));
#pragma once

#include "config/cluster.h"
#include "config/edit.h"

#include <optional>
#include <string>
#include <vector>

namespace pando::nodes {

struct Wanted {
    config::NodeText keys;               // as in cluster.yaml; a NIC without a name is the profile's in its place
    std::optional<std::string> address;  // of the cluster's NIC, with or without prefix length
    // The MACs are all that a machine has, the one it booted by first: those that the node has no NIC for are left out.
    bool all_ports = false;
    std::string origin;  // "blades.csv:3", in front of what is wrong with it; empty: nothing
};

struct Additions {
    std::vector<config::NodeText> fresh;  // to be added, complete
    std::vector<std::string> already;     // names of those that are there as wanted
};

// Node ids are the lowest free ones up to config::highest_claim; a node whose profile gives no address gets the next
// free one of the subnet in which the nodes are. Refused, naming whose it is: a name, id, UUID, serial, asset tag, MAC
// or address that is taken; and a node that cluster.yaml does not take, with its origin. A node that is there just as
// wanted is no error: the command was given again.
Result<Additions> complete(const std::string& yaml, const std::vector<Wanted>& wanted);

// The lowest id that is none of `taken`.
Result<uint32_t> free_id(const std::vector<uint32_t>& taken);

// Address and prefix length; behind the first node's, and none that cluster.yaml knows for anything. `also`: further
// ones that are taken, without prefix.
Result<std::string> free_address(const config::Cluster& cluster, const std::vector<std::string>& also = {});

}  // namespace pando::nodes
