// SPDX-License-Identifier: GPL-2.0-or-later
// The claim of a node: that this machine, and no other, runs as it (config/register.h has the record). Stage identity
// takes it; from stage join on, just before corosync starts, the follower keeps it alive by a beat until the node has
// left. Of two machines that boot as one node at once, the one whose claim was overwritten finds it out there.
//
//   auto claim = TRY(take_claim(*store, mine, booting_patience(cluster), deadline));
#pragma once

#include "base/deadline.h"
#include "base/result.h"
#include "base/store.h"
#include "config/cluster.h"
#include "config/register.h"

namespace pando::initrd {

// So long may a machine that boots show no beat: from its claim to the follower's first beat in stage join.
Milliseconds booting_patience(const config::Cluster& cluster);

// Error: the node runs on another machine, which is named; it was watched long enough to see its beat: for `booting`
// when it was booting at last. A claim that was given back, or that this very machine left when it died, is taken at
// once.
Result<config::Claim> take_claim(Store& store, config::Claim mine, Milliseconds booting, Deadline deadline);

// By a machine that ends before it joins, and on purpose: whatever machine is this node next need not watch for its
// life. A claim that is not this boot's is let alone.
Result<> give_back_claim(Store& store, uint32_t id, const std::string& boot);

// What is said of a claim that another machine holds.
Error held_by_other(const config::Claim& other);

}  // namespace pando::initrd
