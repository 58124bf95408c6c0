// SPDX-License-Identifier: GPL-2.0-or-later
// The chroot's files in generations: its /usr is a symlink into /.generations/N, so a new set of programs, libraries
// and modules takes the place of the old all at once, while daemons go on running from the old. What did not change is
// a hard link and takes no memory twice.
//
//   /usr -> .generations/2/usr
//   /.generations/2/usr/…            the files
//   /.generations/2/manifest.json    what they are
//   /.generations/2/fingerprint      of the files they were taken from
//
// What lies outside /usr (directories, the name service's files, the daemons' configuration) is there once.
// /.generations may be a directory of a local disk, and then outlives a boot (docs/decisions/0006); what is outside of
// it never does.
#pragma once

#include "base/result.h"
#include "base/sysroot.h"
#include "chroot-builder/install.h"
#include "chroot-builder/manifest.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pando::chroot {

constexpr const char* generations_directory = ".generations";

// What of a manifest lies outside the generations.
Manifest beside_generations(const Manifest& manifest);

struct Generation {
    unsigned number = 0;
    int64_t made = 0;  // seconds since 1970
    Manifest manifest;
};

// Nothing: none was ever completed there.
Result<std::optional<Generation>> current_generation(const std::filesystem::path& chroot);

// Installs the manifest as the next generation, verifies it and only then puts it in place; nothing is done when the
// current one is the same. Killed at any moment, the chroot is the old or the new, and the next call clears away what
// was begun. One caller at a time. The current generation's number.
Result<unsigned> install_generation(const Manifest& manifest, const Sysroot& source,
                                    const std::filesystem::path& chroot);

// Every file of the generation, by content, and the closure of all of them. Error: what is wrong.
Result<> verify_generation(const Generation& generation, const std::filesystem::path& chroot);

// Removes the generations from which no process runs any more, but never the current one; which those were.
Result<std::vector<unsigned>> remove_unused_generations(const std::filesystem::path& chroot);

// The two halves of install_generation(), for a store that may be a disk's: the first touches nothing but the store.
struct Stored {
    unsigned number = 0;
    bool kept = false;   // it was there, and every byte of it right
    Copied added;        // what had to be written; the rest was there or is linked
    std::string broken;  // what was wrong with one that would have been kept; empty: nothing
};
// `in_place` is the one in use; without it (a boot) whatever the store has kept is read to the last byte before it is
// used, what has changed is made anew beside it, and the others go. On a disk it is flushed before it counts as
// complete.
Result<Stored> store_generation(const Manifest& manifest, const Sysroot& source, const std::filesystem::path& store,
                                const std::optional<Generation>& in_place = std::nullopt);
// Installs what lies outside the generations, then puts this one in place.
Result<> use_generation(const Manifest& manifest, const Sysroot& source, const std::filesystem::path& chroot,
                        unsigned number);

struct Difference {
    std::vector<std::filesystem::path> added, changed, removed;  // changed: other content, mode, kind or target
    uint64_t new_bytes = 0;                                      // that a generation takes beside the old one
    bool none() const { return added.empty() && changed.empty() && removed.empty(); }
};
// By content; reasons do not count.
Difference compare(const Manifest& old, const Manifest& wanted);

// Says cheaply whether anything can have changed: of the request's text, of every source's inode, size and times, and
// of the package manager's state (a new file can matter, too). Equal fingerprints mean equal manifests.
std::string fingerprint(const Manifest& manifest, const Sysroot& source, std::string_view request);
Result<> keep_fingerprint(const std::filesystem::path& chroot, unsigned generation, std::string_view fingerprint);
std::string kept_fingerprint(const std::filesystem::path& chroot, unsigned generation);  // empty: none was kept

struct OldCode {
    pid_t pid = 0;
    std::string process;
    std::vector<std::filesystem::path> files;  // it runs other bytes of these than the current generation has
};
// The survival processes that run code which is no longer the current generation's.
Result<std::vector<OldCode>> old_code(const std::filesystem::path& chroot);

}  // namespace pando::chroot
