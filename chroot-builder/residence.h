// SPDX-License-Identifier: GPL-2.0-or-later
// Where a running process stands: the proof that the survival set does not touch the shared root. Read from /proc.
#pragma once

#include "base/result.h"

#include <sys/types.h>
#include <string>
#include <vector>

namespace pando::chroot {

struct Foothold {
    pid_t pid = 0;
    std::string process;  // its argv[0]
    std::string how;      // "open file 7", "mapping", "working directory", "root directory", "executable"
    std::string path;
};

// Everything by which the processes hold the filesystem with this device number. Empty: they stand elsewhere.
Result<std::vector<Foothold>> footholds(const std::vector<pid_t>& processes, dev_t filesystem);

// The running survival processes: those whose argv[0] begins with @pando- or whose root is the chroot.
Result<std::vector<pid_t>> survival_processes();

}  // namespace pando::chroot
