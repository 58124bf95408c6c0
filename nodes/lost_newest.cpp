// SPDX-License-Identifier: GPL-2.0-or-later
#include "nodes/lost_newest.h"

#include "base/file.h"
#include "config/lost_newest.h"
#include "config/slots.h"

namespace pando::nodes {

std::string name_of_this_node() { return read_line("/run/pando/node").value_or("this node"); }

Result<> refuse_lost_newest(Store& store, const config::Bundle& newest, const std::vector<config::Claim>& claims) {
    const config::GoesBy self{name_of_this_node(), TRY(config::read_live_bundle()).generation};
    return config::refuse_lost_newest(store, newest.cluster, newest.generation, claims, self);
}

Result<config::Bundle> read_to_build_upon(Store& store, const config::Bundle& live, const std::string& here) {
    auto newest = TRY(config::read_newest(store, live.cluster));
    const config::GoesBy self{here, live.generation};
    TRY(config::refuse_lost_newest(store, newest.cluster, newest.generation, TRY(config::read_claims(store)), self));
    return newest;
}

}  // namespace pando::nodes
