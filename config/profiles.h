// SPDX-License-Identifier: GPL-2.0-or-later
// Folds the profiles of a document into its nodes, before anything is read: values keep the place they came from, so
// a complaint about a node's NIC points into the profile when the mistake is there.
//
// A profile's strings may hold {name}, {id} and {id+N}. Merging: NICs by name, key by key; fence devices by name, or
// by position when the node's entry has none; drivers and kernel arguments are the profile's, then the node's; the
// watchdog key by key.
#pragma once

#include "config/document.h"

namespace pando::config {

constexpr size_t node_limit = 16'384;           // of one file; what is supported is less (config/check.h)
constexpr size_t profile_value_limit = 1000;    // values in one profile
constexpr size_t folded_value_limit = 500'000;  // that profiles may add to all nodes together

// May it stand in a profile?
bool is_profile_key(std::string_view key);

void fold_profiles(Value& root, Complaints& complaints);

}  // namespace pando::config
