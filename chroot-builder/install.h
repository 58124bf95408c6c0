// SPDX-License-Identifier: GPL-2.0-or-later
// A manifest made real: a tmpfs with the files in it, then the proof that nothing is missing.
//
//   TRY(mount_tmpfs("/run/initramfs", cluster.chroot.size, manifest));
//   TRY(install(manifest, image, "/run/initramfs"));     // or install_generation(), in generation.h
//   TRY(verify(manifest, TRY(Sysroot::open("/run/initramfs")), Check::names));
//
// All three are idempotent, keep no state and may run in a thread of their own.
#pragma once

#include "base/result.h"
#include "base/sysroot.h"
#include "chroot-builder/manifest.h"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace pando::chroot {

// Refused when the manifest takes more than 90 % of a tmpfs of `size` bytes.
Result<> check_size(uint64_t size, const Manifest& manifest);

// Mounts a tmpfs of at most `size` bytes at `target` (0755). Refused as check_size() does.
// A tmpfs that is mounted there already gets the size.
Result<> mount_tmpfs(const std::filesystem::path& target, uint64_t size, const Manifest& manifest);

// Refused when it is as good as full: what runs from it writes its logs and configuration there, and a daemon without
// room fails later and with worse words.
Result<> check_free(const std::filesystem::path& target);

// Where the target has a file with the content of another, both below it: that one becomes a hard link to this.
using Twins = std::map<std::filesystem::path, std::filesystem::path>;

// Copies Manifest::sources() from `source` into the directory `target`; what is there already with the same content
// stays, and of a twin with the right content a link is made. Each file is old or new at any moment, never half.
struct Copied {
    size_t files = 0;  // that were written anew
    uint64_t bytes = 0;
};
Result<Copied> install(const Manifest& manifest, const Sysroot& source, const std::filesystem::path& target,
                       const Twins& twins = {});

enum class Check {
    names,    // every entry is there, of its kind, size and mode: milliseconds
    bytes,    // and every byte is right
    content,  // and the closure of all the files is found inside
};

// What is wrong, a line each: "/usr/sbin/corosync has 0 bytes, not 4711 (asked for)". The closure is verify()'s.
std::vector<std::string> faults(const Manifest& manifest, const Sysroot& target, Check check);

// Error: each thing that is wrong, and for whom.
Result<> verify(const Manifest& manifest, const Sysroot& target, Check check);

}  // namespace pando::chroot
