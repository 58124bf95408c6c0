// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/sysroot.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <climits>
#include <memory>

namespace pando {
namespace fs = std::filesystem;

Result<Sysroot> Sysroot::open(const fs::path& directory) {
    Sysroot root;
    root.directory_ = directory;
    root.fd_.reset(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!root.fd_.valid()) return fail_errno(errno, "opening {}", directory.string());
    return root;
}

Result<UniqueFd> Sysroot::open_at(const fs::path& path, int flags, mode_t mode) const {
    const fs::path relative = path.is_absolute() ? path.relative_path() : path;
    open_how how{};
    how.flags = static_cast<unsigned>(flags) | O_CLOEXEC;
    how.mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? mode : 0;
    how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
    const char* name = relative.empty() ? "." : relative.c_str();
    // The kernel gives up on a path with ".." in it (most links in sysfs) when anything was renamed or mounted
    // meanwhile.
    UniqueFd fd;
    for (int attempt = 0; attempt < 1000; ++attempt) {
        fd.reset(static_cast<int>(syscall(SYS_openat2, fd_.get(), name, &how, sizeof how)));
        if (fd.valid() || errno != EAGAIN) break;
    }
    if (!fd.valid()) return fail_errno(errno, "opening {} in {}", path.string(), directory_.string());
    return fd;
}

Result<std::string> Sysroot::read(const fs::path& path, size_t limit) const {
    auto fd = TRY(open_at(path, O_RDONLY | O_NONBLOCK));  // a FIFO in a strange tree is empty, not a wait
    std::string content;
    std::array<char, 65536> buffer;
    for (;;) {
        const ssize_t n = ::read(fd.get(), buffer.data(), buffer.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return fail_errno(errno, "reading {} in {}", path.string(), directory_.string());
        if (n == 0) return content;
        content.append(buffer.data(), static_cast<size_t>(n));
        if (content.size() > limit) return bad_input("{} is longer than {} bytes", path.string(), limit);
    }
}

Result<std::string> Sysroot::read_line(const fs::path& path) const {
    std::string text = TRY(read(path, 1U << 20U));
    const char* blank = " \t\r\n";
    const size_t begin = text.find_first_not_of(blank);
    if (begin == std::string::npos) return std::string();
    return text.substr(begin, text.find_last_not_of(blank) - begin + 1);
}

Result<std::string> Sysroot::read_link(const fs::path& path) const {
    auto link = TRY(open_at(path, O_PATH | O_NOFOLLOW));
    std::array<char, PATH_MAX> buffer;
    const ssize_t n = readlinkat(link.get(), "", buffer.data(), buffer.size());
    // For an open descriptor of anything but a link the kernel says ENOENT.
    const int err = errno == ENOENT ? EINVAL : errno;
    if (n < 0) return fail_errno(err, "reading link {} in {}", path.string(), directory_.string());
    return std::string(buffer.data(), static_cast<size_t>(n));
}

Result<std::vector<std::string>> Sysroot::list(const fs::path& path) const {
    auto fd = TRY(open_at(path, O_RDONLY | O_DIRECTORY));
    std::unique_ptr<DIR, int (*)(DIR*)> directory(fdopendir(fd.get()), closedir);
    if (!directory) return fail_errno(errno, "listing {} in {}", path.string(), directory_.string());
    (void)fd.release();  // closedir closes it
    std::vector<std::string> names;
    while (const dirent* entry = readdir(directory.get())) {
        std::string_view name = entry->d_name;
        if (name != "." && name != "..") names.emplace_back(name);
    }
    std::sort(names.begin(), names.end());
    return names;
}

Result<struct stat> Sysroot::stat(const fs::path& path) const {
    auto fd = TRY(open_at(path, O_PATH));
    struct stat st {};
    if (fstat(fd.get(), &st) < 0) return fail_errno(errno, "{} in {}", path.string(), directory_.string());
    return st;
}

Result<struct stat> Sysroot::lstat(const fs::path& path) const {
    auto fd = TRY(open_at(path, O_PATH | O_NOFOLLOW));
    struct stat st {};
    if (fstat(fd.get(), &st) < 0) return fail_errno(errno, "{} in {}", path.string(), directory_.string());
    return st;
}

bool Sysroot::exists(const fs::path& path) const { return stat(path).has_value(); }

}  // namespace pando
