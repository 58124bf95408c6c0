// SPDX-License-Identifier: GPL-2.0-or-later
// The survival set: the daemons that keep quorum and fence. They live in a mount namespace of their own whose root is
// the chroot, made before the shared root is mounted, so that they cannot stand on it even by accident.
#pragma once

#include "base/deadline.h"
#include "base/fd.h"
#include "base/process.h"
#include "base/result.h"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace pando::chroot {

class SurvivalNamespace {
public:
    // A namespace with nothing but the chroot, /proc, /sys, /dev with their file systems, and /run/pando in it.
    static Result<SurvivalNamespace> create(const std::filesystem::path& chroot);

    // The one in which this daemon lives: on a booted node, and in the exit tree.
    static Result<SurvivalNamespace> of(pid_t daemon);

    // Starts a daemon inside: argv[0] shown as "@name" so that systemd spares it, never killed for want of memory,
    // output to /var/log/name.out in the chroot. Its program must be there under the same path as here. `name` empty:
    // the program's.
    Result<Child> start(const std::vector<std::string>& argv, const std::map<std::string, std::string>& env,
                        std::string name = {}) const;

    // Runs a program inside to its end.
    Result<Finished> run(const std::vector<std::string>& argv, const std::string& input, Deadline deadline) const;

    // For setns(2) and nsenter(1), as long as this object lives.
    int descriptor() const { return namespace_.get(); }

    // Becomes a program inside, with our standard streams and what else is not CLOEXEC. Returns only when it cannot.
    Error become(const std::vector<std::string>& argv) const;

private:
    UniqueFd namespace_;
    std::filesystem::path chroot_;
};

}  // namespace pando::chroot
