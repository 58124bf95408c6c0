// SPDX-License-Identifier: GPL-2.0-or-later
// On a node that is up: does the LUN still hold what the nodes go by (config/lost_newest.h)? Asked before a plan is
// made from the LUN's description, and again under the lock before one is built upon it.
//
//   TRY(refuse_lost_newest(*store, newest, TRY(config::read_claims(*store))));
#pragma once

#include "base/result.h"
#include "base/store.h"
#include "config/bundle.h"
#include "config/register.h"

#include <string>
#include <vector>

namespace pando::nodes {

// `newest`: as read from the LUN. Error: this node, or another that lives, goes by a newer one.
Result<> refuse_lost_newest(Store& store, const config::Bundle& newest, const std::vector<config::Claim>& claims);

// What a change is built upon: the newest on the LUN, unless it is refused as above. `live` is what this node, `here`,
// goes by.
Result<config::Bundle> read_to_build_upon(Store& store, const config::Bundle& live, const std::string& here);

// This node's name; "this node", when it cannot be read.
std::string name_of_this_node();

}  // namespace pando::nodes
