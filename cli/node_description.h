// SPDX-License-Identifier: GPL-2.0-or-later
// The cluster's description for commands that run on a node: a file that was named, or the bundle it booted with.
#pragma once

#include "base/result.h"
#include "config/cluster.h"

#include <string>

namespace pando::cli {

struct NodeDescription {
    config::Cluster cluster;
    std::string text;  // cluster.yaml as it was read
};

// Error when neither is there, with advice.
Result<NodeDescription> node_description(const std::string& file);

}  // namespace pando::cli
