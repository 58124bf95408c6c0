// SPDX-License-Identifier: GPL-2.0-or-later
// Which paths of the shared root are context-dependent, and how. The built-in policy makes a stock Debian root
// shareable; cluster.yaml's cdsl: adds to it.
#pragma once

#include "base/result.h"
#include "config/cluster.h"

#include <filesystem>
#include <string>
#include <vector>

namespace pando::cdsl {

enum class Mode {
    bind,    // a directory: the node's own is bind-mounted over it
    link,    // a single file: a relative symlink through /.pando/local
    tmpfs,   // private and volatile
};

// What a new node's copy starts from.
enum class Seed {
    empty,    // an empty directory or file
    copy,     // what the shared root held there when the CDSL was made (kept in /.pando/nodes/.template)
};

struct Rule {
    std::filesystem::path path;   // absolute
    Mode mode = Mode::bind;
    Seed seed = Seed::empty;
    uint32_t permissions = 0755;
    std::string why;              // shown by explain: "journal and logs: two writers corrupt them"
    std::string scope = "all";    // all, profile:NAME, node:NAME
};

const std::vector<Rule>& builtin_policy();

// Built-in and the cluster's own, those that hold for `node`, parents before children. Refuses `..`, relative paths,
// NUL, the root itself, /proc, /sys, /dev, /run, /.pando and what is above or below it.
Result<std::vector<Rule>> policy_for(const config::Cluster& cluster, const config::Node& node);

}  // namespace pando::cdsl
