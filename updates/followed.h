// SPDX-License-Identifier: GPL-2.0-or-later
// How far a node has followed the changes of the shared root: what it has restarted, what still runs old code, and
// which kernel it runs. Each node does that by itself (pando-updates.timer) and leaves what it did in its own tree,
// where all can read it: no node needs a way into another one.
//
//   if (const auto done = TRY(follow("/"))) fmt::print("{}\n", done->restarted.size());
#pragma once

#include "base/result.h"
#include "updates/old_code.h"

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace pando::updates {

constexpr const char* followed_file = "/var/lib/pando/updates.json";  // the node's own

struct Followed {
    unsigned change = 0;  // number of the newest it has looked at
    std::string when;
    std::string kernel;                  // that it runs
    std::vector<std::string> restarted;  // units
    std::vector<std::string> stopped;    // units that are no longer installed
    std::vector<std::string> failed;     // "ssh.service: why"
    std::vector<std::string> left;       // "dbus.service (what has …)": they run old code until the next boot
    bool operator==(const Followed&) const = default;
};

std::string to_json(const Followed& followed);
std::optional<Followed> parse_followed(std::string_view json);

// What a node has left. Nothing: it has not followed yet.
std::optional<Followed> followed_by(const std::filesystem::path& root, const std::string& node);

// What systemctl is asked to do: "daemon-reload"; "try-restart", "ssh.service".
using Systemctl = std::function<Result<>(const std::vector<std::string>& words)>;
Result<> systemctl(const std::vector<std::string>& words);

// On a node: restarts what runs old code, and stops what is no longer installed (dpkg does so where a package is
// removed), once for each change, and leaves what it did. Nothing: there was no change that it has not followed yet, or
// one is being made. A service that does not restart is named, and is not tried again before the next change.
Result<std::optional<Followed>> follow(const std::filesystem::path& root, const Systemctl& control = systemctl);

}  // namespace pando::updates
