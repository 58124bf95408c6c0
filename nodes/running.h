// SPDX-License-Identifier: GPL-2.0-or-later
// A description that was edited by hand, against the nodes that run: corosync and the root's locks know a running node
// by its id, name and address, and it goes on voting under them whatever the description says.
#pragma once

#include "nodes/now.h"

namespace pando::nodes {

// Refused: a node that is a member, or whose claim is written on, and that `next` lacks or has under another id, name
// or cluster address. The error names the right command for each. Of sbd: as below, while any node runs.
Result<> refuse_change_of_running(const Now& now, const config::Cluster& next);

// Refused: that nodes which run would be fenced by sbd in another way than they were started for.
Result<> refuse_change_of_sbd(const config::Cluster& before, const config::Cluster& next);

}  // namespace pando::nodes
