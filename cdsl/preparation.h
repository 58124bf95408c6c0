// SPDX-License-Identifier: GPL-2.0-or-later
// The steps that make the disk hold a set of rules: mount points, template, links. Neither lock nor inventory: those
// are prepare()'s and of whoever carries out an intent.
#pragma once

#include "base/steps.h"
#include "cdsl/apply.h"

#include <filesystem>
#include <vector>

namespace pando::cdsl {

enum class Extent {
    whole,  // also the places of /.pando, the template's marks and the stamps of /etc and /var
    rules,  // of the rules only
};

// `rules`: one for each path, as merged() makes them. The steps keep what they need alive.
Plan preparation(const std::filesystem::path& root, const std::vector<Rule>& rules, Extent extent,
                 const Checkpoint& checkpoint);

}  // namespace pando::cdsl
