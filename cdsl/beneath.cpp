// SPDX-License-Identifier: GPL-2.0-or-later
#include "cdsl/beneath.h"

#include "base/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <climits>
#include <memory>

namespace pando::cdsl {
namespace fs = std::filesystem;

namespace {

std::string temporary_name(std::string_view owner) { return fmt::format(".pando.{}", owner); }

Result<> rename_over(int directory, const std::string& from, const fs::path& to) {
    if (renameat(directory, from.c_str(), directory, to.c_str()) < 0) {
        const int err = errno;
        unlinkat(directory, from.c_str(), 0);
        return fail_errno(err, "replacing {}", to.string());
    }
    return flush_directory(directory);
}

// O_DIRECTORY on a final symlink says ENOTDIR where the reader wants to hear of the link.
bool is_symlink_there(int directory, const fs::path& path) {
    struct stat st {};
    return fstatat(directory, path.c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode);
}

}  // namespace

Result<UniqueFd> open_beneath(int directory, const fs::path& path, int flags) {
    const fs::path relative = path.relative_path();
    open_how how{};
    how.flags = static_cast<unsigned>(flags) | O_CLOEXEC;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
    const char* name = relative.empty() ? "." : relative.c_str();
    UniqueFd fd(static_cast<int>(syscall(SYS_openat2, directory, name, &how, sizeof how)));
    if (fd.valid()) return fd;
    const int err = errno;
    if (err == ELOOP || (err == ENOTDIR && is_symlink_there(directory, relative)))
        return Failure(Error{fmt::format("{}: a symlink is in the way", path.string()),
                             "name the real path, or remove the link if nobody of yours made it", ErrorKind::failed,
                             err});
    return fail_errno(err, "opening {}", path.string());
}

Result<UniqueFd> open_parent(int directory, const fs::path& path) {
    return open_beneath(directory, path.relative_path().parent_path(), O_PATH | O_DIRECTORY);
}

Result<int> Parents::of(const fs::path& path) {
    const std::string_view parent = std::string_view(path.native()).substr(0, path.native().rfind('/') + 1);
    if (!fd_.valid() || parent != parent_) {
        fd_.reset();
        fd_ = TRY(open_parent(directory_, path));
        parent_ = parent;
    }
    return fd_.get();
}

Result<std::optional<struct stat>> stat_beneath(int directory, const fs::path& path) {
    auto parent = open_parent(directory, path);
    if (!parent && (parent.error().sys == ENOENT || parent.error().sys == ENOTDIR)) return std::nullopt;
    if (!parent) return Failure(parent.error());
    struct stat st {};
    if (fstatat(parent->get(), path.filename().c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0) return st;
    if (errno == ENOENT) return std::nullopt;
    return fail_errno(errno, "looking at {}", path.string());
}

Result<UniqueFd> ensure_directory(int directory, const fs::path& path, mode_t permissions) {
    auto there = open_beneath(directory, path, O_PATH | O_DIRECTORY);
    if (there || there.error().sys != ENOENT) return there;
    auto at = TRY(open_beneath(directory, "", O_PATH | O_DIRECTORY));
    fs::path sofar = "/";
    for (const fs::path& name : path.relative_path()) {
        if (mkdirat(at.get(), name.c_str(), permissions) == 0) {
            if (fchmodat(at.get(), name.c_str(), permissions, 0) < 0)  // the umask took some away
                return fail_errno(errno, "setting permissions of {}", path.string());
        } else if (errno != EEXIST) {
            return fail_errno(errno, "creating directory {}", path.string());
        }
        at = TRY(open_beneath(directory, sofar /= name, O_PATH | O_DIRECTORY));
    }
    return at;
}

Result<std::optional<std::string>> read_beneath(int directory, const fs::path& path, size_t limit) {
    const auto file = open_beneath(directory, path, O_RDONLY);
    if (!file && file.error().sys == ENOENT) return std::nullopt;
    if (!file) return Failure(file.error());
    return TRY(read_file(fmt::format("/proc/self/fd/{}", file->get()), limit));
}

Result<std::optional<std::string>> link_text(int directory, const fs::path& name) {
    std::array<char, PATH_MAX> buffer;
    const ssize_t n = readlinkat(directory, name.c_str(), buffer.data(), buffer.size());
    if (n >= 0) return std::string(buffer.data(), static_cast<size_t>(n));
    if (errno == EINVAL || errno == ENOENT) return std::nullopt;
    return fail_errno(errno, "reading link {}", name.string());
}

Result<std::vector<std::string>> names_in(int directory) {
    auto fd = TRY(open_beneath(directory, "", O_RDONLY | O_DIRECTORY));
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(fdopendir(fd.get()), closedir);
    if (!stream) return fail_errno(errno, "listing a directory");
    (void)fd.release();  // closedir closes it
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = readdir(stream.get())) {
        const std::string_view name = entry->d_name;
        if (name != "." && name != "..") names.emplace_back(name);
    }
    if (errno != 0) return fail_errno(errno, "listing a directory");
    std::sort(names.begin(), names.end());
    return names;
}

Result<> replace_file(int directory, const fs::path& name, std::string_view content, mode_t mode,
                      std::string_view owner) {
    const std::string temporary = temporary_name(owner);
    unlinkat(directory, temporary.c_str(), 0);  // left by a crash
    UniqueFd fd(openat(directory, temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!fd.valid()) return fail_errno(errno, "writing {}", name.string());
    const auto abandoned = [&](const Error& error) {
        unlinkat(directory, temporary.c_str(), 0);
        return Failure(error.context(fmt::format("writing {}", name.string())));
    };
    if (auto written = write_all(fd.get(), content); !written) return abandoned(written.error());
    if (fchmod(fd.get(), mode) < 0) return abandoned(fail_errno(errno, "chmod").error());
    if (fsync(fd.get()) < 0) return abandoned(fail_errno(errno, "fsync").error());
    return rename_over(directory, temporary, name);
}

Result<> replace_by_link(int directory, const fs::path& name, const std::string& target, std::string_view owner) {
    const std::string temporary = temporary_name(owner);
    unlinkat(directory, temporary.c_str(), 0);
    if (symlinkat(target.c_str(), directory, temporary.c_str()) < 0)
        return fail_errno(errno, "making link {}", name.string());
    return rename_over(directory, temporary, name);
}

Result<> flush_directory(int directory) {
    const auto readable = TRY(open_beneath(directory, "", O_RDONLY | O_DIRECTORY));  // O_PATH cannot be flushed
    if (fsync(readable.get()) < 0) return fail_errno(errno, "flushing a directory");
    return {};
}

Result<> sync_filesystem(int directory) {
    auto readable = TRY(open_beneath(directory, "", O_RDONLY | O_DIRECTORY));
    if (syncfs(readable.get()) < 0) return fail_errno(errno, "flushing the filesystem");
    return {};
}

}  // namespace pando::cdsl
