// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/boot_files.h"

#include "base/fd.h"
#include "base/file.h"
#include "base/sha256.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cstdio>

namespace pando::initrd {
namespace fs = std::filesystem;
namespace {

constexpr const char* sets_directory = "sets";
constexpr const char* current_link = "current";
constexpr size_t id_length = 16;  // hex digits

Result<> flush(const fs::path& directory) {
    for (const char* name : boot_file_names) {
        const UniqueFd fd(open((directory / name).c_str(), O_RDONLY | O_CLOEXEC));
        if (!fd.valid() || fsync(fd.get()) < 0) return fail_errno(errno, "flushing {}", (directory / name).string());
    }
    return sync_directory(directory);
}

// Where the link leads, as it is written; empty: no link.
fs::path target_of(const fs::path& link) {
    std::error_code ec;
    return fs::read_symlink(link, ec);
}

Result<> lead(const fs::path& link, const fs::path& target, const fs::path& work) {
    if (target_of(link) == target) return {};
    const fs::path fresh = work / link.filename();
    TRY(remove_tree(fresh));
    if (symlink(target.c_str(), fresh.c_str()) < 0 || rename(fresh.c_str(), link.c_str()) < 0)
        return fail_errno(errno, "making {}", link.string());
    return {};
}

// The same content may have been there before, and have been changed since.
Result<> move_set(const fs::path& directory, const fs::path& place) {
    if (renameat2(AT_FDCWD, directory.c_str(), AT_FDCWD, place.c_str(), RENAME_NOREPLACE) < 0 &&
        (errno != EEXIST || renameat2(AT_FDCWD, directory.c_str(), AT_FDCWD, place.c_str(), RENAME_EXCHANGE) < 0))
        return fail_errno(errno, "making {}", place.string());
    return sync_directory(place.parent_path());
}

}  // namespace

Result<std::string> set_of(const fs::path& directory, std::string_view script) {
    Sha256 hash;
    for (const char* name : {"vmlinuz", "pando.img"}) hash.add(TRY(sha256_of_file(directory / name)));
    hash.add(script);
    return fmt::format("{}/{}", sets_directory, hash.hex().substr(0, id_length));
}

Result<> publish_set(const fs::path& directory, const fs::path& output, const fs::path& set) {
    const fs::path work = directory.parent_path();
    // Made in a directory that is closed to others; the servers' users read it.
    if (chmod(directory.c_str(), 0755) < 0) return fail_errno(errno, "chmod {}", directory.string());
    TRY(flush(directory));
    TRY(make_directories(output / sets_directory));
    TRY(move_set(directory, output / set));

    const fs::path before = target_of(output / current_link);
    TRY(lead(output / current_link, set, work));
    for (const char* name : boot_file_names) TRY(lead(output / name, fs::path(current_link) / name, work));
    TRY(sync_directory(output));

    if (before == set) return {};
    for (const auto& name : TRY(list_directory(output / sets_directory)))
        if (name != set.filename() && name != before.filename()) TRY(remove_tree(output / sets_directory / name));
    return {};
}

}  // namespace pando::initrd
