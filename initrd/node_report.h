// SPDX-License-Identifier: GPL-2.0-or-later
// A node's state as people and programs read it: the same from the root (pando status) and from the chroot
// (pando-survival status).
#pragma once

#include "initrd/node_state.h"

#include <string>

namespace pando::initrd {

std::string to_text(const NodeState& state);
std::string to_json(const NodeState& state);  // one object, in lines

}  // namespace pando::initrd
