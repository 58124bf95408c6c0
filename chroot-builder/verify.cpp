// SPDX-License-Identifier: GPL-2.0-or-later
// The proof: what the manifest says is there, and what is there needs nothing else.
#include "chroot-builder/install.h"

#include "base/sha256.h"

#include <optional>

namespace pando::chroot {
namespace fs = std::filesystem;
namespace {

constexpr size_t shown_limit = 20;  // lines of an error; a tree that was never filled has hundreds

// On a node /proc, /sys and /dev are mounted over the directories made for them; their modes are not ours.
bool is_mounted_over(const fs::path& path, const struct stat& directory, const Sysroot& target) {
    const auto above = target.stat(path.parent_path());
    return above && above->st_dev != directory.st_dev;
}

// What is wrong with one entry; empty when nothing is.
std::string fault(const fs::path& path, const Entry& entry, const Sysroot& target, Check check) {
    const auto status = target.lstat(path);
    if (!status) return status.error().sys == ENOENT ? "missing" : status.error().what;
    const auto differs = [&](mode_t type) { return (status->st_mode & S_IFMT) != type; };
    if (entry.kind == Entry::Kind::symlink) {
        if (differs(S_IFLNK)) return "is no symlink";
        const auto text = target.read_link(path);
        return text && *text == entry.target ? "" : fmt::format("does not lead to {}", entry.target);
    }
    if (differs(entry.kind == Entry::Kind::directory ? S_IFDIR : S_IFREG)) return "is of another kind";
    if (entry.kind == Entry::Kind::directory && is_mounted_over(path, *status, target)) return "";
    if ((status->st_mode & 07777U) != entry.mode)
        return fmt::format("has mode {:04o}, not {:04o}", status->st_mode & 07777U, entry.mode);
    if (entry.kind == Entry::Kind::directory) return "";
    if (static_cast<uint64_t>(status->st_size) != entry.size)
        return fmt::format("has {} bytes, not {}", status->st_size, entry.size);
    if (check == Check::names) return "";
    const auto content = target.read(path);
    if (!content) return content.error().what;
    return sha256(*content) == entry.sha256 ? "" : "has other content";
}

}  // namespace

std::vector<std::string> faults(const Manifest& manifest, const Sysroot& target, Check check) {
    std::vector<std::string> found;
    for (const auto& [path, entry] : manifest.entries) {
        const std::string what = fault(path, entry, target, check);
        if (!what.empty()) found.push_back(fmt::format("{} {} ({})", path.string(), what, entry.why()));
    }
    return found;
}

Result<> verify(const Manifest& manifest, const Sysroot& target, Check check) {
    const auto found = faults(manifest, target, check);
    std::string lines;
    for (size_t i = 0; i < found.size() && i < shown_limit; ++i) lines += "\n  " + found[i];
    if (found.size() > shown_limit) lines += fmt::format("\n  and {} more", found.size() - shown_limit);
    if (!found.empty())
        return fail("the chroot {} is not what its manifest says:{}", target.directory().string(), lines);
    if (check != Check::content) return {};

    // The closure of everything inside, looked for inside.
    Request all;
    for (const auto& [path, entry] : manifest.entries)
        if (entry.kind == Entry::Kind::file) all.files.push_back(path);
    TRY(resolve(target, all));
    return {};
}

}  // namespace pando::chroot
