// SPDX-License-Identifier: GPL-2.0-or-later
// Which paths of the shared root are context-dependent, and how. The built-in policy makes a stock Debian root
// shareable; cluster.yaml's cdsl: adds to it.
//
//   const auto rules = TRY(cdsl::policy_for(cluster, node));   // what holds for one node, at boot
//   const auto all = TRY(cdsl::policy_for_root(cluster));      // what the root must be prepared for
#pragma once

#include "base/result.h"
#include "config/cluster.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pando::cdsl {

enum class Mode {
    bind,    // a directory: the node's own is bind-mounted over it
    link,    // a single file: a relative symlink through /.pando/local
    tmpfs,   // private and volatile
    shared,  // a directory inside a private one that is every node's again
};

// What a new node's copy starts from.
enum class Seed {
    empty,  // an empty directory or file
    copy,   // what the shared root held there when the CDSL was made (kept in /.pando/nodes/.template)
};

// Where a rule applies.
enum class When {
    always,   // a directory the root lacks is made
    present,  // only where the root has the path: for packages that may not be installed
};

struct Rule {
    std::filesystem::path path;  // absolute, normal
    Mode mode = Mode::bind;
    Seed seed = Seed::empty;
    uint32_t permissions = 0755;  // of a directory the root lacks; one that exists lends its owner and mode
    std::string why;              // shown by list and explain: "journal and logs: two writers corrupt them"
    std::string scope = "all";    // all, profile:NAME, node:NAME
    When when = When::always;

    bool operator==(const Rule&) const = default;
};

std::string_view name_of(Mode mode);
std::string_view name_of(Seed seed);
std::string_view name_of(When when);
std::optional<Mode> mode_named(std::string_view name);
std::optional<Seed> seed_named(std::string_view name);
std::optional<When> when_named(std::string_view name);

const std::vector<Rule>& builtin_policy();

// Built-in and the cluster's own, those that hold for `node`, parents before children. A rule of the cluster takes the
// place of the built-in one of the same path, and a narrower scope that of a wider one. Refuses `..`, relative paths,
// NUL, the root itself, /proc, /sys, /dev, /run, /.pando and what is above or below it.
Result<std::vector<Rule>> policy_for(const config::Cluster& cluster, const config::Node& node);

// The rules of all nodes together, for prepare(): what is on the shared root is there for every node.
Result<std::vector<Rule>> policy_for_root(const config::Cluster& cluster);

// A path as rules have it ("/var//log/" becomes "/var/log"), or why it cannot be one.
Result<std::filesystem::path> checked_path(std::string_view text);

// Is it a path of the built-in policy that every node has? Two nodes that shared one would damage it for each other; a
// cluster's own rules, and those for packages that may not be there, are conveniences beside.
bool is_required(const Rule& rule);

// True when `path` lies below `directory` (and is not it).
bool is_below(const std::filesystem::path& path, const std::filesystem::path& directory);

}  // namespace pando::cdsl
