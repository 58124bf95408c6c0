// SPDX-License-Identifier: GPL-2.0-or-later
// A cluster.yaml to begin with, from what a host tells and an operator wishes. What stands in the file already is kept,
// byte for byte, and goes before both; only what is missing is proposed. Pure.
//
//   const Proposal proposal = TRY(propose(facts, {.name = "grove", .nodes = {{"n1"}}}, text, "cluster.yaml"));
//   for (const std::string& line : proposal.missing) log::warning("{}", line);
#pragma once

#include "nodes/host.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pando::nodes {

// A node that the description shall have, with what its machine told of itself.
struct ProposedNode {
    std::string name;
    std::optional<nlohmann::ordered_json> machine = {};  // as `pando hw probe --json`; absent: nobody knows it yet
    bool this_machine = false;                           // the host itself
};

struct Wishes {
    std::optional<std::string> name;     // of the cluster
    std::optional<std::string> network;  // an interface of the host, or an address or subnet of one
    std::optional<std::string> dhcp;     // server, proxy
    std::optional<std::string> lun;      // device, map or identity
    std::optional<std::string> bmc;      // address of the nodes' BMCs: 10.20.1.{id+10}
    std::string fence_agent = "fence_ipmilan";
    std::map<std::string, std::string> fence_options;
    std::vector<ProposedNode> nodes;
};

struct Proposal {
    std::string text;
    std::vector<std::string> found;    // what was proposed, and by what
    std::vector<std::string> missing;  // what nobody can know but a person, and how to say it
};

// `text`: the file as it is; empty: there is none. Errors are of kind bad_input: the file cannot be read as YAML, or a
// wish is against what it says.
Result<Proposal> propose(const HostFacts& facts, const Wishes& wishes, const std::string& text,
                         std::string_view file_name);

}  // namespace pando::nodes
