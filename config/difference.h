// SPDX-License-Identifier: GPL-2.0-or-later
// What differs between two descriptions, key by key with profiles and defaults filled in, and what each change needs
// before the cluster goes by it (the column `takes` of its row).
//
//   for (const Change& change : differences(before, after, is_secret)) fmt::print("{}\n", shown(change));
//   fmt::print("{}", what_it_takes(changes));
#pragma once

#include "config/cluster.h"
#include "config/schema.h"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace pando::config {

struct Change {
    std::string path;                                   // nodes[n1].nics[lan0].mtu
    std::optional<std::string> before, after;           // as written; nothing: not set, or the element is not there
    std::optional<std::string> element = std::nullopt;  // "fence device": all of it is new or gone, not one key
    std::string node = {};                              // whose it is; empty: all nodes'
    Takes takes = Takes::boot;
};

// `hidden` tells of an option of a fence device whether its value is shown.
std::vector<Change> differences(const Cluster& before, const Cluster& after,
                                const std::function<bool(std::string_view)>& hidden);

std::string shown(const Change& change);  // "corosync.token: 3s -> 5s"

// Grouped by what they need, with the nodes concerned.
std::string what_it_takes(const std::vector<Change>& changes);

}  // namespace pando::config
