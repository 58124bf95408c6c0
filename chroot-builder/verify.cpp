// SPDX-License-Identifier: GPL-2.0-or-later
// Is there what the manifest says? By names alone, for the boot.
#include "chroot-builder/compare.h"
#include "chroot-builder/install.h"

namespace pando::chroot {
namespace fs = std::filesystem;
namespace {

// On a node /proc, /sys and /dev are mounted over the directories made for them; their modes are not ours.
bool is_mounted_over(const struct stat& directory, const Sysroot& target) {
    struct stat root {};
    return fstat(target.fd(), &root) == 0 && root.st_dev != directory.st_dev;
}

// What is wrong with one entry; empty when nothing is.
std::string fault(const fs::path& path, const Entry& entry, const Sysroot& target) {
    const auto status = target.lstat(path);
    if (!status) return status.error().sys == ENOENT ? "missing" : status.error().what;
    const auto differs = [&](mode_t type) { return (status->st_mode & S_IFMT) != type; };
    if (entry.kind == Entry::Kind::symlink) {
        if (differs(S_IFLNK)) return "is no symlink";
        const auto text = target.read_link(path);
        return text && *text == entry.target ? "" : fmt::format("does not lead to {}", entry.target);
    }
    if (differs(entry.kind == Entry::Kind::directory ? S_IFDIR : S_IFREG)) return "is of another kind";
    if (entry.kind == Entry::Kind::directory && is_mounted_over(*status, target)) return "";
    if ((status->st_mode & 07777U) != entry.mode)
        return fmt::format("has mode {:04o}, not {:04o}", status->st_mode & 07777U, entry.mode);
    if (entry.kind == Entry::Kind::directory) return "";
    if (static_cast<uint64_t>(status->st_size) != entry.size)
        return fmt::format("has {} bytes, not {}", status->st_size, entry.size);
    return "";
}

}  // namespace

Result<> verify(const Manifest& manifest, const Sysroot& target) { return compare(manifest, target, fault); }

}  // namespace pando::chroot
