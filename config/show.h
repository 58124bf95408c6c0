// SPDX-License-Identifier: GPL-2.0-or-later
// A cluster's description said back: every key with its value, profiles folded in, defaults filled in.
#pragma once

#include "config/cluster.h"

#include <nlohmann/json.hpp>
#include <string>

namespace pando::config {

nlohmann::ordered_json show_json(const Cluster& cluster);  // names and units as in cluster.yaml
std::string show_yaml(const Cluster& cluster);             // can be loaded again, and means the same

// Every key with type, default and meaning, as Markdown tables: the middle of docs/cluster-yaml.md.
std::string reference();

}  // namespace pando::config
