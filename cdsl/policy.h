// SPDX-License-Identifier: GPL-2.0-or-later
// Which paths of the shared root shall be context-dependent, and how. The built-in policy makes a stock Debian root
// shareable; cluster.yaml's cdsl: adds to it, and so does the root's own /.pando/policy.yaml (cdsl/additions.h).
//
//   const auto added = TRY(cdsl::read_additions(root));
//   const auto rules = TRY(cdsl::policy_for(cluster, node, added));   // what shall hold for one node
//   const auto all = TRY(cdsl::policy_for_root(cluster, added));      // what the root must be prepared for
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

// Who declared a rule.
constexpr const char* declared_builtin = "built in";
constexpr const char* declared_cluster = "cluster.yaml";
constexpr const char* declared_root = "/.pando/policy.yaml";

struct Rule {
    std::filesystem::path path;  // absolute, normal
    Mode mode = Mode::bind;
    Seed seed = Seed::empty;
    uint32_t permissions = 0755;  // of a directory the root lacks; one that exists lends its owner and mode
    std::string why;              // shown by list and explain: "journal and logs: two writers corrupt them"
    std::string scope = "all";    // all, profile:NAME, node:NAME
    When when = When::always;
    bool required = false;  // a node where it cannot be mapped does not boot: two that shared it would damage it
    std::string declared = declared_builtin;

    bool operator==(const Rule&) const = default;
};

// Does every node have a copy of its own, in its tree?
inline bool has_content(const Rule& rule) { return rule.mode == Mode::bind || rule.mode == Mode::link; }

std::string_view name_of(Mode mode);
std::string_view name_of(Seed seed);
std::string_view name_of(When when);
std::optional<Mode> mode_named(std::string_view name);
std::optional<Seed> seed_named(std::string_view name);
std::optional<When> when_named(std::string_view name);

const std::vector<Rule>& builtin_policy();

// Built-in, the root's additions and the cluster's own, those that hold for `node`, parents before children. Of several
// for one path a narrower scope takes the place of a wider one, cluster.yaml's that of an addition, and any of them
// that of the built-in one. Refuses what of cluster.yaml makes no sense (`..`, relative paths, NUL, the root itself,
// /proc, /sys, /dev, /run, /.pando and what is below it; private inside private). Additions that make none beside the
// others are left out, so that no change of cluster.yaml keeps a node from booting.
Result<std::vector<Rule>> policy_for(const config::Cluster& cluster, const config::Node& node,
                                     const std::vector<Rule>& additions = {},
                                     const std::vector<Rule>& builtin = builtin_policy());

// The rules of all nodes together: one for every path and scope that some node has. What is on the shared root is there
// for every node, so a path that is a link for one and a directory for another is refused.
Result<std::vector<Rule>> policy_for_root(const config::Cluster& cluster, const std::vector<Rule>& additions = {},
                                          const std::vector<Rule>& builtin = builtin_policy());

// Of the rules of all nodes those that hold for one, parents before children, as policy_for() would choose. What makes
// no sense for it is left out.
std::vector<Rule> rules_of_node(std::vector<Rule> rules, std::string_view name, std::string_view profile);

// Without those that make no sense beside the others: private inside private, shared inside shared. In the same order,
// which must have parents first and one rule for each path.
std::vector<Rule> sensible(std::vector<Rule> rules);

// Of rules in that order with one for each path: the rule of exactly this path, and that at or nearest above it. Null
// when there is none.
const Rule* rule_at(const std::vector<Rule>& rules, const std::filesystem::path& path);
const Rule* rule_over(const std::vector<Rule>& rules, const std::filesystem::path& path);

// One rule for each path, for what is done once on the shared root: the one that needs most there.
std::vector<Rule> merged(const std::vector<Rule>& rules);

// A path as rules have it ("/var//log/" becomes "/var/log"), or why it cannot be one.
Result<std::filesystem::path> checked_path(std::string_view text);

// True when `path` lies below `directory` (and is not it). Both are absolute and normal, as checked_path() makes them.
bool is_below(const std::filesystem::path& path, const std::filesystem::path& directory);

// The order of rules, which has parents before children and what lies in a directory together: as paths compare, by
// their text alone.
bool is_before(const std::filesystem::path& one, const std::filesystem::path& other);

}  // namespace pando::cdsl
