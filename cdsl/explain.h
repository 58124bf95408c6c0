// SPDX-License-Identifier: GPL-2.0-or-later
// Where a path leads on each node, who said so, and whom a write there reaches. Any path will do, of a rule or not.
//
//   const auto explained = TRY(explain(survey, "/var/log/syslog", survey.nodes()));
//   for (const auto& place : explained.places) …
#pragma once

#include "base/result.h"
#include "cdsl/survey.h"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pando::cdsl {

// What a path is to a node.
enum class Reach {
    everyone,     // one file on the shared root
    again,        // shared again, inside something private
    own,          // in the node's own directory (bind)
    own_by_link,  // the node's own single file, by a link on the shared root
    displaced,    // a link belongs there, and something else stands there
    pending,      // the policy has it and it does not hold yet
    memory,       // tmpfs: this boot's
    kernel,       // /proc, /sys, /dev, /run: the running system's
    pando,        // Pando's own places
    elsewhere     // on this node another filesystem is mounted there
};

std::string_view name_of(Reach reach);

struct Place {
    std::string node;
    Reach reach = Reach::everyone;
    std::filesystem::path path;               // after symlinks
    std::vector<std::string> followed;        // "/bin -> usr/bin", those on the way that are no link of ours
    std::optional<Rule> rule;                 // that decides; none: nothing is private about it
    std::optional<std::filesystem::path> at;  // on the shared root; none: it is in memory, or elsewhere
    std::string state;                        // what is there: "a file, 12 bytes", "nothing yet"
    std::string why;                          // whom a write reaches, in words
};

struct Explanation {
    std::filesystem::path asked;
    std::vector<Place> places;  // one a node
};

// Errors of kind bad_input for what is no absolute path. Symlinks are followed as a process of the node would.
Result<Explanation> explain(const Survey& survey, const std::filesystem::path& path,
                            const std::vector<std::string>& nodes);

}  // namespace pando::cdsl
