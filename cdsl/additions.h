// SPDX-License-Identifier: GPL-2.0-or-later
// /.pando/policy.yaml: rules that `pando cdsl create` declared on a live node. Beside cluster.yaml, which comes from
// outside the root: this file travels with it.
//
//   version: 1
//   cdsl:
//     - {path: /srv/scratch, mode: bind, scope: all, seed: empty, why: "scratch of the solver"}
#pragma once

#include "cdsl/policy.h"

#include <string>
#include <string_view>
#include <vector>

namespace pando::cdsl {

constexpr int additions_version = 1;

std::string additions_text(const std::vector<Rule>& rules);

// Refuses a newer version, unknown keys, what policy would refuse, and the same path and scope twice. Errors are of
// kind bad_input.
Result<std::vector<Rule>> parse_additions(std::string_view text);

// Those of the root held by the descriptor; none when it has no such file.
Result<std::vector<Rule>> read_additions(int root);
Result<std::vector<Rule>> read_additions_of(const std::filesystem::path& root);

}  // namespace pando::cdsl
