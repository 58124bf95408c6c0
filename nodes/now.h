// SPDX-License-Identifier: GPL-2.0-or-later
// What holds in the cluster at this moment, from the LUN and from corosync: what commands about nodes judge by.
//
//   const Now now = TRY(read_now(*store, TRY(config::read_newest(*store, name))));
//   if (now.life_of(node) == Life::up) …
#pragma once

#include "base/store.h"
#include "config/bundle.h"
#include "config/register.h"
#include "initrd/quorum.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pando::nodes {

enum class Life {
    up,       // a member of the cluster
    booting,  // its machine writes its claim and has not joined yet
    apart,    // its machine runs, and is no member: it lost the cluster, or its root froze
    left,     // its machine left the cluster in order
    unheard,  // its machine began to boot as it; between its identity and its join it cannot say that it goes on
    silent,   // off, or nobody can tell
};
std::string_view name_of(Life life);  // "up" …; unheard: "booting-or-off", silent: "off-or-unknown"

struct Now {
    config::Bundle bundle;  // the newest
    config::Cluster cluster;
    std::vector<config::Claim> claims;
    std::vector<config::Pending> waiting;  // machines that wait now, those that wait longest first
    std::map<std::string, bool> alive;     // boot ids whose record is written on
    std::optional<initrd::Quorum> quorum;  // nothing: no corosync answers here
    std::string quorum_trouble;            // why

    const config::Claim* claim_of(const config::Node& node) const;  // null when there is none
    bool is_member(const config::Node& node) const;
    bool beats(const config::Node& node) const;  // its claim is written on
    Life life_of(const config::Node& node) const;
};

// Takes as long as a beat is waited for (config::beat_patience) when a record stands still.
Result<Now> read_now(Store& store, config::Bundle bundle);

}  // namespace pando::nodes
