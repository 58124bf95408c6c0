// SPDX-License-Identifier: GPL-2.0-or-later
// What the commands `pando fence` have in common: they run pando-survival's in the chroot, so that what is tried here
// is what works when the root is frozen.
#pragma once

#include "chroot-builder/survival_namespace.h"

#include <string>
#include <vector>

namespace pando::cli {

Result<chroot::SurvivalNamespace> survival_of_this_node();

// "pando-survival fence …" with who gives the command. `by` empty: whoever is logged in.
Result<std::vector<std::string>> fence_command(std::vector<std::string> words, const std::string& by = {});

// Takes what is new in the chroot's history over to this node's part of the shared root.
Result<> keep_fence_history();

// Becomes that command. Returns only when it cannot.
Result<int> become_fence_command(std::vector<std::string> words);

}  // namespace pando::cli
