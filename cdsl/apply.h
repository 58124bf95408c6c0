// SPDX-License-Identifier: GPL-2.0-or-later
// The policy made real on a root: prepare() once per root (the symlinks and the template), map() at every boot.
// Both are idempotent and crash-safe: every path is old or new.
#pragma once

#include "base/result.h"
#include "base/steps.h"
#include "cdsl/policy.h"

#include <sys/types.h>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace pando::cdsl {

// Called after every change to the disk with what was just done; tests end the process in one to prove that the
// next run completes what was begun.
using Checkpoint = std::function<void(std::string_view done)>;

// Steps that make the tree at `root` shareable: /.pando, the template, the links of mode link, the mount points, the
// inventory. For installation, and again (also on a live root) when the policy has grown.
Plan prepare(const std::filesystem::path& root, const std::vector<Rule>& policy, const Checkpoint& checkpoint = {});

struct FactFile {
    std::string content;
    bool keep_existing = false;  // made once and then kept, e.g. machine-id; an empty file does not count as made
    mode_t mode = 0644;
};

// The node's own facts. A file must lie on or below a path that is the node's own (link or bind).
struct NodeFacts {
    std::string name;
    std::map<std::filesystem::path, FactFile> files;  // /etc/hostname, /etc/machine-id, …
};

struct Mapped {
    size_t binds = 0, links = 0, tmpfs = 0;      // that hold now, made in this run or before
    std::vector<std::string> failures;           // each a line; a rule that cannot be mapped fails alone
    std::vector<std::string> required_failures;  // the same of paths that no two nodes can share, and of facts
    std::vector<std::string> repaired;           // each a line: a link that a program had replaced by a file
};

// At boot, with the root mounted at `root` and not yet switched to: makes the node's tree from the template when it is
// new, writes its facts, bind-mounts it at /.pando/local, then maps every rule. Runs no program.
Result<Mapped> map(const std::filesystem::path& root, const std::vector<Rule>& policy, const NodeFacts& facts,
                   const Checkpoint& checkpoint = {});

}  // namespace pando::cdsl
