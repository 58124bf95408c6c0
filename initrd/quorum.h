// SPDX-License-Identifier: GPL-2.0-or-later
// Membership and quorum as corosync tells them (libquorum, libvotequorum).
#pragma once

#include "base/deadline.h"
#include "base/result.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <vector>

namespace pando::initrd {

struct Quorum {
    bool quorate = false;
    unsigned votes = 0;   // present
    unsigned needed = 0;  // for quorum
    unsigned expected = 0;
    std::vector<uint32_t> members;  // node ids

    bool has(uint32_t id) const { return std::find(members.begin(), members.end(), id) != members.end(); }
};

// What holds now; an error when no corosync answers on this machine.
Result<Quorum> read_quorum();

// Until quorate. `changed` is called on every change of membership, for the console.
Result<Quorum> wait_for_quorum(Deadline deadline, const std::function<void(const Quorum&)>& changed);

}  // namespace pando::initrd
