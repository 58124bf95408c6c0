// SPDX-License-Identifier: GPL-2.0-or-later
// Programs on other nodes, by ssh as root: on many at once, none that is gone holding up the others. There is nothing
// to set up: the key follows from the cluster's authkey (config/ssh_keys.h), and each node's host key is read from its
// tree on the shared root.
//
//   const Remote remote = TRY(Remote::of_this_node(bundle, "n1"));
//   for (const Answer& answer : remote.run({"n1", "n2"}, {"uptime"}, minutes(1))) …
#pragma once

#include "base/deadline.h"
#include "base/result.h"
#include "config/bundle.h"
#include "config/cluster.h"

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace pando::nodes {

constexpr size_t most_at_once = 32;  // ssh clients

struct Answer {
    std::string node;
    std::optional<int> status;  // of the program; nothing: it was not run, or nobody knows what became of it
    std::string out, err;
    std::string trouble;  // why there is no status
};

class Remote {
public:
    // Key and known hosts go below `run`, in memory. `root`: the shared root.
    static Result<Remote> of_this_node(const config::Bundle& bundle, const std::string& here,
                                       const std::filesystem::path& root = "/",
                                       const std::filesystem::path& run = "/run/pando");

    // In the order of `nodes`. A word is a word there, whatever is in it; on this node no ssh comes between.
    std::vector<Answer> run(const std::vector<std::string>& nodes, const std::vector<std::string>& argv,
                            Milliseconds patience, size_t at_once = most_at_once) const;

private:
    Answer run_one(const std::string& node, const std::vector<std::string>& argv, Milliseconds patience) const;

    std::string here_;
    std::filesystem::path directory_;
    std::map<std::string, std::string> addresses_;  // of the cluster's network, by node
    std::map<std::string, bool> known_;             // has a host key
};

}  // namespace pando::nodes
