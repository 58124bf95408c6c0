// SPDX-License-Identifier: GPL-2.0-or-later
// Nodes from a table of hardware: CSV as a spreadsheet or an inventory writes it, or YAML as in cluster.yaml. All rows
// are read before anything is done; a bad one is named with its line and column.
//
//   name,profile,uuid,serial,asset,mac,mac.lan1,id,address,fence.ip,fence.password
//   n7,blade,,CZ2950ABCD,,d0:94:66:5a:10:07,,,,,s3cret
#pragma once

#include "nodes/wanted.h"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace pando::nodes {

constexpr size_t import_limit = 1U << 20U;  // bytes

// Columns by the names in the first line, in any order; name is required, empty cells say nothing. mac is that of
// the NIC it boots by, mac.NIC a certain one's; fence.OPTION is of the first fence device. Errors are of kind
// bad_input.
Result<std::vector<Wanted>> parse_csv(std::string_view text, std::string_view file_name);

// A list of nodes as under nodes: of cluster.yaml, or a mapping with nodes:. Ids and addresses may be left out.
Result<std::vector<Wanted>> parse_yaml(std::string_view text, std::string_view file_name);

// By the end of its name: .csv, .yaml or .yml.
Result<std::vector<Wanted>> read_import(const std::filesystem::path& file);

}  // namespace pando::nodes
