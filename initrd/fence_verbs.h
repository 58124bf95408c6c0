// SPDX-License-Identifier: GPL-2.0-or-later
// pando-survival fence test|history|now|confirm: what a person does about fencing, from the chroot, as the root may be
// frozen when it is needed. `pando fence` on a node that is up runs them there.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <string>
#include <vector>

namespace pando::initrd {

// The words behind `fence`. The exit status.
int fence_verbs_main(const std::vector<std::string>& words);

// Whether a machine runs as this node, and says so on the LUN. A LUN that hangs is an error after some seconds.
Result<bool> claim_beats(uint32_t id);

}  // namespace pando::initrd
