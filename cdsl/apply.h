// SPDX-License-Identifier: GPL-2.0-or-later
// The policy made real on a root: prepare() once per root (the symlinks and the template), map() at every boot.
// Both are idempotent and crash-safe: every path is old or new.
#pragma once

#include "base/result.h"
#include "base/steps.h"
#include "cdsl/policy.h"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace pando::cdsl {

// Steps that make the tree at `root` shareable: /.pando, the template, the links of mode link. For installation.
Plan prepare(const std::filesystem::path& root, const std::vector<Rule>& policy);

// The node's own facts, put into its tree when it is made.
struct NodeFacts {
    std::string name;
    std::map<std::filesystem::path, std::string> files;   // content of single files: /etc/hostname, /etc/machine-id, …
};

struct Mapped {
    size_t binds = 0, links = 0, tmpfs = 0;
    std::vector<std::string> failures;      // each a line; a rule that cannot be mapped fails alone
};

// At boot, with the root mounted at `root` and not yet switched to: makes the node's tree from the template when it is
// new, bind-mounts it at /.pando/local, then maps every rule.
Result<Mapped> map(const std::filesystem::path& root, const std::vector<Rule>& policy, const NodeFacts& facts);

}  // namespace pando::cdsl
