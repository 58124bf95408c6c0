// SPDX-License-Identifier: GPL-2.0-or-later
// What pando doctor says of the shared root's content: room, context-dependent paths, and changes of it that a node has
// not followed.
//
//   const RootFacts facts = look_at_root(cluster, members, checked);
//   for (const Finding& finding : examine(facts)) …
#pragma once

#include "cdsl/check.h"
#include "nodes/doctor.h"
#include "updates/followed.h"
#include "updates/record.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace pando::nodes {

struct RootFacts {
    uint64_t bytes = 0, free = 0;  // of the filesystem
    Result<cdsl::Checked> cdsl;    // what is on disk, against the policy
    std::vector<updates::Record> changes;
    std::string kernel;  // the newest on the root; empty: none
    struct Node {
        std::string name;
        bool member = false;
        std::optional<updates::Followed> followed;
    };
    std::vector<Node> nodes;
};

// `root` is where it is mounted.
Result<RootFacts> look_at_root(const CheckUp& cluster, Result<cdsl::Checked> checked,
                               const std::filesystem::path& root);

std::vector<Finding> examine(const RootFacts& facts);

}  // namespace pando::nodes
