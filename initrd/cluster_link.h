// SPDX-License-Identifier: GPL-2.0-or-later
// Do packets of the cluster link's full size reach the other nodes? corosync finds out by itself what gets through;
// dlm's TCP does not where a switch drops large packets without a word: its lock requests then hang for ever.
//
//   for (const std::string& trouble : check_cluster_link(node, peers, deadline)) log::error("{}", trouble);
#pragma once

#include "base/deadline.h"
#include "config/cluster.h"
#include "config/register.h"

#include <string>
#include <vector>

namespace pando::initrd {

// A line for each peer that answers a small packet and none of the MTU that our NIC has now. Who does not answer at all
// is not there, and told by others.
std::vector<std::string> check_cluster_link(const config::Node& self, const std::vector<config::Node>& peers,
                                            Deadline deadline);

// The machine's clock against those of nodes that beat (config::Claim::time), a line for each that is further away than
// `clock_bound`. Nothing in the cluster goes by clocks; dates of files, certificates and tickets do.
constexpr int64_t clock_bound = 10;  // seconds; a beat is up to some seconds old
std::vector<std::string> check_clocks(const std::vector<config::Claim>& beating, int64_t now);

}  // namespace pando::initrd
