// SPDX-License-Identifier: GPL-2.0-or-later
// The words behind `pando-survival fence`: small, as CLI11 does not come along into the chroot.
#pragma once

#include "base/result.h"

#include <string>
#include <vector>

namespace pando::initrd {

struct FenceWords {
    std::string verb;                // test, history, now, confirm
    std::vector<std::string> nodes;  // of now and confirm exactly one
    std::string reason;
    std::string by;      // who asks; empty: somebody in the chroot
    std::string is_off;  // the node's name once more, in place of typing it
    bool yes = false;
    bool json = false;
};

Result<FenceWords> parse_fence_words(const std::vector<std::string>& words);

}  // namespace pando::initrd
