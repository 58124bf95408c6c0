// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>

namespace pando {
namespace fs = std::filesystem;

Result<std::string> read_file(const fs::path& file, size_t limit) {
    UniqueFd fd(open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.valid()) return fail_errno(errno, "reading {}", file.string());
    std::string content;
    std::array<char, 65536> buffer;
    for (;;) {
        const ssize_t n = read(fd.get(), buffer.data(), buffer.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return fail_errno(errno, "reading {}", file.string());
        if (n == 0) return content;
        content.append(buffer.data(), static_cast<size_t>(n));
        if (content.size() > limit) return bad_input("{} is longer than {} bytes", file.string(), limit);
    }
}

Result<std::string> read_line(const fs::path& file) {
    std::string text = TRY(read_file(file, 1U << 20U));
    const char* blank = " \t\r\n";
    const size_t begin = text.find_first_not_of(blank);
    if (begin == std::string::npos) return std::string();
    return text.substr(begin, text.find_last_not_of(blank) - begin + 1);
}

Result<> write_all(int fd, std::string_view data) {
    while (!data.empty()) {
        const ssize_t n = write(fd, data.data(), data.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return fail_errno(errno, "write");
        data.remove_prefix(static_cast<size_t>(n));
    }
    return {};
}

Result<> sync_directory(const fs::path& directory) {
    UniqueFd fd(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd.valid()) return fail_errno(errno, "opening {}", directory.string());
    if (fsync(fd.get()) < 0) return fail_errno(errno, "flushing {}", directory.string());
    return {};
}

Result<> write_file_atomic(const fs::path& file, std::string_view content, mode_t mode) {
    const fs::path directory = file.has_parent_path() ? file.parent_path() : fs::path(".");
    std::string temporary = (directory / ("." + file.filename().string() + ".XXXXXX")).string();
    UniqueFd fd(mkostemp(temporary.data(), O_CLOEXEC));
    if (!fd.valid()) return fail_errno(errno, "writing {}", file.string());
    const auto abandoned = [&](const Error& error) {
        unlink(temporary.c_str());
        return Failure(error.context(fmt::format("writing {}", file.string())));
    };
    if (fchmod(fd.get(), mode) < 0) return abandoned(fail_errno(errno, "chmod").error());
    if (auto written = write_all(fd.get(), content); !written) return abandoned(written.error());
    if (fsync(fd.get()) < 0) return abandoned(fail_errno(errno, "fsync").error());
    if (rename(temporary.c_str(), file.c_str()) < 0) return abandoned(fail_errno(errno, "rename").error());
    return sync_directory(directory);
}

Result<> write_existing(const fs::path& file, std::string_view content) {
    UniqueFd fd(open(file.c_str(), O_WRONLY | O_CLOEXEC));
    if (!fd.valid()) return fail_errno(errno, "opening {}", file.string());
    if (auto written = write_all(fd.get(), content); !written)
        return Failure(written.error().context(fmt::format("writing {}", file.string())));
    return {};
}

Result<> make_directories(const fs::path& directory, mode_t mode) {
    if (mkdir(directory.c_str(), mode) == 0) return {};
    if (errno == ENOENT && directory.has_parent_path() && directory.parent_path() != directory) {
        TRY(make_directories(directory.parent_path(), mode));
        if (mkdir(directory.c_str(), mode) == 0) return {};
    }
    const int err = errno;
    struct stat st {};
    if (err == EEXIST && stat(directory.c_str(), &st) == 0 && S_ISDIR(st.st_mode)) return {};
    return fail_errno(err, "creating directory {}", directory.string());
}

Result<std::vector<std::string>> list_directory(const fs::path& directory) {
    std::error_code ec;
    std::vector<std::string> names;
    for (fs::directory_iterator it(directory, ec), end; !ec && it != end; it.increment(ec))
        names.push_back(it->path().filename().string());
    if (ec) return fail_errno(ec.value(), "listing {}", directory.string());
    std::sort(names.begin(), names.end());
    return names;
}

// A tree under /tmp may have the host's own /dev bound inside, left by a run that failed half-way: mounts are not
// entered.
void empty_directory(int directory) {
    UniqueFd again(openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));  // closedir takes it with it
    std::unique_ptr<DIR, int (*)(DIR*)> entries(fdopendir(again.get()), closedir);
    if (!entries) return;
    (void)again.release();
    while (const dirent* entry = readdir(entries.get())) {
        const std::string_view name = entry->d_name;
        if (name == "." || name == ".." || unlinkat(directory, entry->d_name, 0) == 0) continue;
        open_how how{};
        how.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
        how.resolve = RESOLVE_NO_XDEV | RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
        UniqueFd inner(static_cast<int>(syscall(SYS_openat2, directory, entry->d_name, &how, sizeof how)));
        if (!inner.valid()) continue;
        empty_directory(inner.get());
        unlinkat(directory, entry->d_name, AT_REMOVEDIR);
    }
}

Result<> remove_tree(const fs::path& path) {
    if (unlink(path.c_str()) == 0 || errno == ENOENT) return {};
    if (errno != EISDIR && errno != EPERM) return fail_errno(errno, "removing {}", path.string());
    UniqueFd fd(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (fd.valid()) empty_directory(fd.get());
    if (rmdir(path.c_str()) < 0 && errno != ENOENT) return fail_errno(errno, "removing {}", path.string());
    return {};
}

Result<TemporaryDirectory> TemporaryDirectory::create(const fs::path& parent, std::string_view prefix) {
    std::string name = (parent / (std::string(prefix) + ".XXXXXX")).string();
    if (mkdtemp(name.data()) == nullptr) return fail_errno(errno, "creating a directory in {}", parent.string());
    return TemporaryDirectory(name);
}

TemporaryDirectory& TemporaryDirectory::operator=(TemporaryDirectory&& other) noexcept {
    if (this != &other) {
        remove();
        path_ = std::exchange(other.path_, {});
    }
    return *this;
}

void TemporaryDirectory::remove() {
    if (!path_.empty()) (void)remove_tree(path_);
}

}  // namespace pando
