// SPDX-License-Identifier: GPL-2.0-or-later
// What /proc says of processes and mounts.
#pragma once

#include "base/result.h"

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pando {

// Those running now; any of them may have ended when it is looked at.
Result<std::vector<pid_t>> all_processes();

// argv[0]. Empty for kernel threads, and for processes that have ended.
std::string first_argument(pid_t pid);

// Processes whose argv[0] is exactly this.
Result<std::vector<pid_t>> processes_named(const std::string& argv0);

// A line of /proc/PID/mountinfo (proc(5)); names as the kernel writes them, with \040 for a space.
struct Mount {
    int id = 0;
    dev_t device = 0;
    std::string root;  // what of the filesystem is mounted: "/" or the directory that was bound
    std::string point;
    std::string options;        // of this mount
    std::string filesystem;     // its type
    std::string source;         // /dev/sda3
    std::string super_options;  // of the filesystem
    bool writable() const;      // by both options
};

// In the order of the text: the last one at a point covers those before it. Lines without a mount point are left out.
std::vector<Mount> parse_mounts(std::string_view mountinfo);

// The one that is seen at a point: the last, which covers those before it. Nothing: none is mounted there.
std::optional<Mount> mount_at(const std::vector<Mount>& mounts, std::string_view point);

// Those this process sees.
Result<std::vector<Mount>> our_mounts();

// Those another process sees, in a mount namespace of its own or not.
Result<std::vector<Mount>> mounts_of(pid_t pid);

// A name as the kernel writes it in mountinfo, with its blanks and backslashes again.
std::string unescaped(std::string_view name);

// "fd:01" in /proc/PID/maps (base 16), "253:1" in mountinfo (base 10).
std::optional<dev_t> parse_device(std::string_view text, int base);

}  // namespace pando
