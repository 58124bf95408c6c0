// SPDX-License-Identifier: GPL-2.0-or-later
// The cluster.yaml of a lab: the same description a real cluster has, with addresses that exist only inside the
// lab's network namespace. Pure: the same input gives the same text, so an image can be built before the lab is up.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace pando::lab {

// 10.77.0.11 to .98 are blades, .101 to .188 their BMCs.
constexpr uint32_t most_blades = 88;

// Small letters, digits and dashes, beginning with a letter, at most 20 characters: it becomes part of the
// namespace's and the target's name.
Result<> check_name(const std::string& name);

struct Description {
    std::string name = "lab";
    uint32_t blades = 2;
    std::vector<std::string> authorized_keys;  // ssh public keys of root on the blades
};

// Nodes n1 to nN, ids 1 to N, with UUIDs and BMC passwords derived from the lab's name and the node's.
Result<std::string> cluster_yaml(const Description& description);

// cluster.yaml, and a random authkey beside it unless there is one: what `pando image build` needs.
Result<> write_description(const std::filesystem::path& directory, const Description& description);

}  // namespace pando::lab
