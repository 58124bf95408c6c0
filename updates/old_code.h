// SPDX-License-Identifier: GPL-2.0-or-later
// Which services of this node run code that is no longer what the root has: packages were changed, on this node or on
// another one. By the inodes of what is mapped to be executed, as "(deleted)" is only said where the file was deleted.
//
//   for (const OldService& one : TRY(old_services("/"))) fmt::print("{}\n", one.unit);
#pragma once

#include "base/result.h"

#include <sys/types.h>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace pando::updates {

struct OldService {
    std::string unit;  // "ssh.service"; "init.scope" is systemd; empty: no service, but somebody's session
    std::vector<pid_t> processes;
    std::string file;  // one that was replaced
    bool operator==(const OldService&) const = default;
};

// Of processes below `proc` ("/proc" in `root`); files are looked up in `root`. The survival set is left out: it runs
// from the chroot, whose own status tells (pando chroot status).
Result<std::vector<OldService>> old_services(const std::filesystem::path& root, const std::vector<pid_t>& but_not = {});

// "0::/system.slice/ssh.service" -> "ssh.service"; of a user's own services and of sessions nothing.
std::string unit_of(std::string_view cgroup);

// Why a unit is not restarted while the node runs; empty: it may be.
std::string why_not_restarted(const std::string& unit);

}  // namespace pando::updates
