// SPDX-License-Identifier: GPL-2.0-or-later
// Changes of cluster.yaml as a person would make them: in its text, everything else byte for byte as it was
// (config/yaml_text.h). What comes out has been loaded and checked as a whole. Errors are of kind bad_input.
//
//   const std::string next = TRY(add_node(text, {{"name", "n4"}, {"id", 4}, {"profile", "blade"}}));
#pragma once

#include "base/result.h"
#include "config/cluster.h"

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pando::config {

using NodeText = nlohmann::ordered_json;  // a node's keys as in cluster.yaml

// At the end of nodes:. More journals than root.journals says are written there when it names a number.
Result<std::string> add_nodes(const std::string& yaml, const std::vector<NodeText>& nodes);

// With what is only theirs: rules of scope node:NAME.
Result<std::string> remove_nodes(const std::string& yaml, const std::vector<std::string>& names);

// The name, and the scope of the rules that are the node's.
Result<std::string> rename_node(const std::string& yaml, const std::string& node, const std::string& name);

// What binds a node to hardware.
struct Binding {
    MachineIdentity machine;                  // all of it: keys that are absent here go
    std::map<std::string, std::string> macs;  // by NIC; others stay
    bool operator==(const Binding& other) const;
};
Binding binding_of(const Node& node);
Result<std::string> bind_node(const std::string& yaml, const std::string& node, const Binding& binding);

// Options of a fence device, in the node's own entry; without a value: the option goes.
using OptionChanges = std::map<std::string, std::optional<std::string>>;
Result<std::string> set_fence_options(const std::string& yaml, const std::string& node, const std::string& device,
                                      const OptionChanges& options);

}  // namespace pando::config
