// SPDX-License-Identifier: GPL-2.0-or-later
// The cluster's description as a command on a node wants it: the file that was named, or what the node booted with.
//
//   const auto description = TRY(read_description(options.cluster));
//   const auto& nodes = description.cluster.nodes;
#pragma once

#include "config/bundle.h"
#include "config/cluster.h"

#include <optional>
#include <string>

namespace pando::cli {

struct Description {
    config::Cluster cluster;
    std::string text;                      // cluster.yaml as it was read
    std::string file;                      // empty: from the bundle
    std::optional<config::Bundle> bundle;  // what the node booted with

    // What the fence devices of the description name, from beside the file or from the bundle.
    Result<config::AgentFiles> agent_files() const;
};

// `file` empty: what this node booted with. An error when it booted with nothing of Pando's, with advice.
Result<Description> read_description(const std::string& file);

// The node this machine booted as; nothing when it is none.
std::optional<std::string> booted_node();

}  // namespace pando::cli
