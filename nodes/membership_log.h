// SPDX-License-Identifier: GPL-2.0-or-later
// Who left the cluster and who came, as the corosync of one node has written it into its log (corosync 3.1, with
// timestamp: hires as Pando renders it). The log has no year and is in UTC, in which a boot starts corosync; it lies in
// memory and begins with the node's last boot.
//
//   const auto changes = read_membership_log(text, year_of_its_last_line);
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pando::nodes {

struct MembershipChange {
    enum class Kind {
        link_down,  // no packet of a node comes over a link
        silent,     // the token is late: somebody does not pass it on
        leaving,    // a node says that it goes, in order
        left,
        failed,  // one that left without a word
        joined,
    };
    Kind kind = Kind::silent;
    int64_t at = 0;             // milliseconds since 1970
    std::vector<uint32_t> ids;  // of nodes; none: corosync did not say whose
    std::string text;           // as corosync has it
    bool names(uint32_t id) const;
};

// In the log's order; lines that tell something else, or are torn, are passed over.
std::vector<MembershipChange> read_membership_log(std::string_view log, int last_year);

}  // namespace pando::nodes
