// SPDX-License-Identifier: GPL-2.0-or-later
// Where a running process stands: the proof that the survival set does not touch the shared root. Read from /proc,
// and without asking the shared root anything (a stat() there waits for ever while the root is frozen).
//
//   dev_t root = TRY(device_of_mount("/"));
//   auto held = TRY(footholds(TRY(survival_processes()), root));   // must be empty
#pragma once

#include "base/result.h"

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace pando::chroot {

// Where a node has it. Also the exit tree: systemd leaves mounts below this path alone and pivots here to shut down.
constexpr const char* chroot_path = "/run/initramfs";

struct Foothold {
    pid_t pid = 0;
    std::string process;  // its argv[0]
    std::string how;      // "open file 7", "mapping", "working directory", "root directory", "executable", "mount"
    std::string path;
};

// The device number of the filesystem that is mounted at a mount point of this process.
Result<dev_t> device_of_mount(const std::filesystem::path& mount_point);

// Everything by which the processes hold the filesystem with this device number. Empty: they stand elsewhere.
// A mount counts for a process with a mount namespace of its own, in which the filesystem has nothing to do. What ends
// meanwhile holds nothing.
Result<std::vector<Foothold>> footholds(const std::vector<pid_t>& processes, dev_t filesystem);

// The running survival processes: argv[0] begins with @ (systemd spares those), or the root directory is the chroot.
Result<std::vector<pid_t>> survival_processes(const std::filesystem::path& chroot = chroot_path);

struct Memory {
    std::string process;    // argv[0]
    uint64_t resident = 0;  // bytes of it in RAM, shared pages included
    uint64_t locked = 0;    // bytes of it that cannot leave
};
Result<Memory> memory_of(pid_t pid);

// Bytes that the files of a tmpfs take.
Result<uint64_t> used_bytes(const std::filesystem::path& filesystem);

// Paths of /proc/PID/maps that lie on the device, each once. A part of footholds(), for text.
std::vector<std::string> mapped_files(std::string_view maps, dev_t filesystem);

}  // namespace pando::chroot
