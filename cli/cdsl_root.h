// SPDX-License-Identifier: GPL-2.0-or-later
// What the commands that change CDSLs have in common: the root, the description, and this node's part in a change.
#pragma once

#include "cdsl/apply.h"
#include "cdsl/change.h"
#include "cdsl/inventory.h"
#include "cdsl/refusals.h"
#include "cdsl/shared_root.h"
#include "cli/description.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace pando::cli {

struct CdslRootOptions {
    std::string root = "/";
    std::string cluster;
    std::string filesystem;  // mounted below the root, with CDSLs of its own; empty: the root itself
};
void add_options(CLI::App& app, CdslRootOptions& options);

// Only looked at, and a warning when that is not all: what changes the root is a cdsl::Change.
struct CdslRoot {
    config::Cluster cluster;  // with the rules of this root or filesystem
    cdsl::SharedRoot shared;
    cdsl::Inventory inventory;  // empty when there is none, or none that can be read
    std::vector<cdsl::Rule> additions;
    std::vector<cdsl::Rule> policy;      // of all nodes, as it may be applied
    std::vector<cdsl::Refusal> refused;  // of it, what may not
    std::optional<std::string> node;     // that runs on the root here

    // For a path that lies on a filesystem of the root's inventory, that filesystem: the path is then one on it.
    static Result<CdslRoot> open(const CdslRootOptions& options, std::string* path = nullptr);
    // Whose name stands in the lock: the node that runs on this root, else this host.
    cdsl::Holder holder(const std::string& command) const;
};

// The nodes of a range (base/node_range.h); one that the description lacks is bad input.
Result<std::vector<std::string>> nodes_in(const CdslRoot& root, const std::string& range);

// What a change means for the node that runs on this root; does nothing where none does.
struct Live {
    std::string node;        // empty: none
    std::string filesystem;  // empty: the root
    std::vector<std::string> trouble;
    std::vector<std::string> repaired;
    std::vector<std::string> unmounted;
    size_t binds = 0, links = 0, tmpfs = 0;

    nlohmann::ordered_json json() const;
    void print() const;  // trouble as warnings, the rest as info
};
Result<Live> follow(const CdslRoot& root);

// Says each line of what was interrupted before.
void tell(const std::vector<std::string>& recovered);

}  // namespace pando::cli
