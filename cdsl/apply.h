// SPDX-License-Identifier: GPL-2.0-or-later
// The policy made real on a root: prepare() once per root (the symlinks and the template), map() at every boot.
// Both are idempotent and crash-safe: every path is old or new.
#pragma once

#include "base/deadline.h"
#include "base/result.h"
#include "base/steps.h"
#include "cdsl/lock.h"
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
// inventory. For installation, and again (also on a live root) when the policy has grown. `policy` has the rules of all
// nodes (policy_for_root). The first step that changes something takes the lock of changes, completes what was
// interrupted before and writes an intent; the plan holds the lock until it is gone.
Plan prepare(const std::filesystem::path& root, const std::vector<Rule>& policy, const Checkpoint& checkpoint = {},
             const Holder& who = {});

// The same within a change that was begun, for who reads the policy under its lock: what a command that was waited for
// has just deleted must not come back.
class Change;
Plan prepare(Change change, const std::vector<Rule>& policy, const Checkpoint& checkpoint = {}, const Holder& who = {});

struct FactFile {
    std::string content;
    bool keep_existing = false;  // made once and then kept, e.g. machine-id; an empty file does not count as made
    mode_t mode = 0644;
};

// The node's own facts. A file must lie on or below a path that is the node's own (link or bind).
struct NodeFacts {
    std::string name;
    std::map<std::filesystem::path, FactFile> files;  // /etc/hostname, /etc/machine-id, …
    std::string profile = {};
};

struct Mapped {
    size_t binds = 0, links = 0, tmpfs = 0;      // that hold now, made in this run or before
    std::vector<std::string> failures;           // each a line; a rule that cannot be mapped fails alone
    std::vector<std::string> required_failures;  // the same of paths that no two nodes can share, and of facts
    std::vector<std::string> repaired;           // each a line: a link that a program had replaced by a file, a change
                                                 // that was interrupted and is complete now
};

// How long a mapping waits for a change that another node makes just then.
struct Patience {
    Milliseconds required = std::chrono::minutes(2);  // for a new node's tree and for paths no two nodes can share
    Milliseconds other = std::chrono::seconds(5);     // for copies and links that are missing: they fail alone
};

// At boot, with the root mounted at `root` and not yet switched to, and again on a running node: completes what was
// interrupted (unless another node is at it, or there is something to copy), makes the node's tree from the template
// when it is new, bind-mounts it at /.pando/local, maps what the inventory has for this node, then writes the node's
// facts. What is missing (a tree, a copy, a link) is made under the lock of changes; where all is there, no lock is
// taken. `policy` is the node's, to say what of it was not applied yet, and to go by when the inventory is lost. Runs
// no program.
Result<Mapped> map(const std::filesystem::path& root, const std::vector<Rule>& policy, const NodeFacts& facts,
                   const Checkpoint& checkpoint = {}, const Patience& patience = {});

}  // namespace pando::cdsl
