// SPDX-License-Identifier: GPL-2.0-or-later
// Folds the profiles of a document into its nodes, before anything is read: values keep the place they came from, so
// a complaint about a node's NIC points into the profile when the mistake is there.
//
// A profile's strings may hold {name}, {id} and {id+N}. Merging: NICs by name, key by key; fence devices by name, or
// by position when the node's entry has none; drivers and kernel arguments are the profile's, then the node's.
#pragma once

#include "config/document.h"

namespace pando::config {

constexpr size_t node_limit = 256;            // of one file, before profiles are folded in
constexpr size_t profile_value_limit = 1000;  // values in one profile

void fold_profiles(Value& root, Complaints& complaints);

}  // namespace pando::config
