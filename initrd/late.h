// SPDX-License-Identifier: GPL-2.0-or-later
// Members that do not go by the newest description yet. As long as one is there that is up, corosync is not told to
// read its node list anew: every member reads its own file then, and two lists in one cluster tear it apart.
#pragma once

#include "base/result.h"
#include "base/store.h"
#include "config/cluster.h"

#include <cstdint>
#include <string>
#include <vector>

namespace pando::initrd {

struct Late {
    std::vector<std::string> up;
    std::vector<std::string> booting;  // they take the newest over before they join
};

// By their claims: members that say of themselves, by an older generation, that they are there.
Result<Late> look_who_is_late(Store& store, const config::Cluster& cluster, uint64_t generation);

}  // namespace pando::initrd
