// SPDX-License-Identifier: GPL-2.0-or-later
#include "cdsl/copy.h"

#include "base/fd.h"
#include "base/file.h"
#include "cdsl/beneath.h"
#include "cdsl/layout.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <array>
#include <climits>
#include <map>

namespace pando::cdsl {
namespace fs = std::filesystem;

namespace {

constexpr int depth_limit = 200;                // each level holds two descriptors
constexpr int removal_limit = 2 * depth_limit;  // one; a copy lies as deep as its path

// Works for links and special files too, which cannot be opened for fgetxattr.
std::string proc_path(int directory, const std::string& name) {
    return fmt::format("/proc/self/fd/{}/{}", directory, name);
}

// An attribute that the other filesystem has no place for is lost without harm, as with any copy.
bool no_place_for_it(int err) { return err == EOPNOTSUPP || err == ENODATA; }

Result<> copy_xattrs(const std::string& from, const std::string& to, std::string_view without = {}) {
    std::string names(XATTR_LIST_MAX, '\0');
    const ssize_t length = llistxattr(from.c_str(), names.data(), names.size());
    if (length < 0 && no_place_for_it(errno)) return {};
    if (length < 0) return fail_errno(errno, "listing extended attributes");
    std::string value(XATTR_SIZE_MAX, '\0');
    for (size_t at = 0; at < static_cast<size_t>(length); at += std::char_traits<char>::length(&names[at]) + 1) {
        const char* name = &names[at];
        if (name == without) continue;
        const ssize_t size = lgetxattr(from.c_str(), name, value.data(), value.size());
        if (size < 0 && no_place_for_it(errno)) continue;
        if (size < 0) return fail_errno(errno, "reading extended attribute {}", name);
        if (lsetxattr(to.c_str(), name, value.data(), static_cast<size_t>(size), 0) < 0 && !no_place_for_it(errno))
            return fail_errno(errno, "writing extended attribute {}", name);
    }
    return {};
}

Result<> write_range(int from, int to, off_t begin, off_t end) {
    std::array<char, 128 * 1024> buffer;
    while (begin < end) {
        const auto want = std::min<off_t>(end - begin, static_cast<off_t>(buffer.size()));
        const ssize_t n = pread(from, buffer.data(), static_cast<size_t>(want), begin);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return fail_errno(errno, "reading");
        if (n == 0) return {};  // shortened meanwhile
        if (lseek(to, begin, SEEK_SET) < 0) return fail_errno(errno, "seeking");
        TRY(write_all(to, {buffer.data(), static_cast<size_t>(n)}));
        begin += n;
    }
    return {};
}

// Holes stay holes: lastlog is a sparse file of gigabytes on systems with large user ids.
Result<> copy_content(int from, int to, off_t size) {
    for (off_t at = 0; at < size;) {
        const off_t data = lseek(from, at, SEEK_DATA);
        if (data < 0 && errno == ENXIO) break;  // only a hole is left
        if (data < 0) {
            TRY(write_range(from, to, at, size));  // no SEEK_DATA here
            break;
        }
        const off_t hole = lseek(from, data, SEEK_HOLE);
        TRY(write_range(from, to, data, hole < 0 ? size : hole));
        at = hole < 0 ? size : hole;
    }
    if (ftruncate(to, size) < 0) return fail_errno(errno, "setting the size");
    return {};
}

class Copier {
public:
    Copier(const Entry& top, const std::function<bool(const fs::path&)>& hollow) : top_(top), hollow_(hollow) {}

    Result<> entry(const Entry& from, const Entry& to, const fs::path& relative, int depth) {
        struct stat st {};
        if (fstatat(from.directory, from.name.c_str(), &st, AT_SYMLINK_NOFOLLOW) < 0) {
            if (errno == ENOENT && depth > 0) return {};  // removed meanwhile
            return fail_errno(errno, "looking at it");
        }
        if (depth == 0) device_ = st.st_dev;
        if (S_ISSOCK(st.st_mode)) return {};
        const auto key = std::pair(st.st_dev, st.st_ino);
        if (!S_ISDIR(st.st_mode) && st.st_nlink > 1) {
            const auto [first, fresh] = linked_.try_emplace(key, relative);
            if (!fresh) return link_again(first->second, to);
        }
        if (S_ISDIR(st.st_mode)) return directory(from, to, relative, depth, st);
        if (S_ISREG(st.st_mode)) {
            TRY(regular(from, to, st));
        } else if (S_ISLNK(st.st_mode)) {
            const auto text = TRY(link_text(from.directory, from.name));
            if (symlinkat(text.value_or("").c_str(), to.directory, to.name.c_str()) < 0)
                return fail_errno(errno, "making the link");
        } else if (mknodat(to.directory, to.name.c_str(), st.st_mode, st.st_rdev) < 0) {
            return fail_errno(errno, "making the special file");
        }
        return attributes(from, to, st);
    }

private:
    Result<> regular(const Entry& from, const Entry& to, const struct stat& st) {
        const UniqueFd source(openat(from.directory, from.name.c_str(), O_RDONLY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC));
        if (!source.valid()) return fail_errno(errno, "opening it");
        const UniqueFd target(
            openat(to.directory, to.name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
        if (!target.valid()) return fail_errno(errno, "creating the copy");
        return copy_content(source.get(), target.get(), st.st_size);
    }

    Result<> directory(const Entry& from, const Entry& to, const fs::path& relative, int depth, const struct stat& st) {
        if (depth > depth_limit) return fail("more than {} directories deep", depth_limit);
        if (mkdirat(to.directory, to.name.c_str(), 0700) < 0) return fail_errno(errno, "creating the directory");
        const bool elsewhere = st.st_dev != device_;
        if (!elsewhere && !(hollow_ && hollow_(relative))) {
            const auto source = TRY(open_beneath(from.directory, from.name, O_RDONLY | O_DIRECTORY));
            const auto target = TRY(open_beneath(to.directory, to.name, O_RDONLY | O_DIRECTORY));
            for (const std::string& name : TRY(names_in(source.get()))) {
                auto copied = entry({source.get(), name}, {target.get(), name}, relative / name, depth + 1);
                if (!copied) return Failure(copied.error().context(name));
            }
        }
        return attributes(from, to, st);
    }

    Result<> link_again(const fs::path& first, const Entry& to) const {
        const fs::path name = first.empty() ? fs::path(top_.name) : fs::path(top_.name) / first;
        if (linkat(top_.directory, name.c_str(), to.directory, to.name.c_str(), 0) < 0)
            return fail_errno(errno, "making the hard link");
        return {};
    }

    // Owner first: a change of owner takes set-user-id away. Times last: everything before changes them.
    static Result<> attributes(const Entry& from, const Entry& to, const struct stat& st) {
        if (fchownat(to.directory, to.name.c_str(), st.st_uid, st.st_gid, AT_SYMLINK_NOFOLLOW) < 0)
            return fail_errno(errno, "setting the owner");
        if (!S_ISLNK(st.st_mode) && fchmodat(to.directory, to.name.c_str(), st.st_mode & 07777U, 0) < 0)
            return fail_errno(errno, "setting permissions");
        TRY(copy_xattrs(proc_path(from.directory, from.name), proc_path(to.directory, to.name)));
        const std::array<timespec, 2> times = {st.st_atim, st.st_mtim};
        if (utimensat(to.directory, to.name.c_str(), times.data(), AT_SYMLINK_NOFOLLOW) < 0)
            return fail_errno(errno, "setting times");
        return {};
    }

    Entry top_;
    const std::function<bool(const fs::path&)>& hollow_;
    dev_t device_ = 0;
    std::map<std::pair<dev_t, ino_t>, fs::path> linked_;  // first name of each file with several
};

Result<> remove_below(int parent, const std::string& name, dev_t device, int depth) {
    if (depth > removal_limit)
        return fail("more than {} directories deep", removal_limit).advise("remove it with rm -r");
    if (unlinkat(parent, name.c_str(), 0) == 0 || errno == ENOENT) return {};
    if (errno != EISDIR && errno != EPERM) return fail_errno(errno, "removing {}", name);
    {
        const auto directory = TRY(open_beneath(parent, name, O_RDONLY | O_DIRECTORY));
        struct stat st {};
        if (fstat(directory.get(), &st) < 0) return fail_errno(errno, "looking at {}", name);
        if (st.st_dev != device) return fail("{} is a mount point", name);
        for (const std::string& child : TRY(names_in(directory.get()))) {
            if (auto removed = remove_below(directory.get(), child, device, depth + 1); !removed)
                return Failure(removed.error().context(name));
        }
    }
    if (unlinkat(parent, name.c_str(), AT_REMOVEDIR) < 0 && errno != ENOENT)
        return fail_errno(errno, "removing {}", name);
    return {};
}

}  // namespace

Result<> copy_tree(const Entry& from, const Entry& to, const std::function<bool(const fs::path&)>& hollow) {
    Copier copier(to, hollow);
    auto copied = copier.entry(from, to, {}, 0);
    if (!copied) return Failure(copied.error().context(fmt::format("copying {}", from.name)));
    return {};
}

Result<> copy_attributes(int from, int to) {
    struct stat st {};
    if (fstat(from, &st) < 0) return fail_errno(errno, "reading attributes");
    if (fchownat(to, "", st.st_uid, st.st_gid, AT_EMPTY_PATH) < 0) return fail_errno(errno, "setting the owner");
    const std::string source = proc_path(from, ".");
    const std::string target = proc_path(to, ".");
    if (chmod(target.c_str(), st.st_mode & 07777U) < 0) return fail_errno(errno, "setting permissions");
    TRY(copy_xattrs(source, target, parent_mark));
    const std::array<timespec, 2> times = {st.st_atim, st.st_mtim};
    if (utimensat(AT_FDCWD, target.c_str(), times.data(), 0) < 0) return fail_errno(errno, "setting times");
    return {};
}

Result<> remove_tree(const Entry& entry) {
    struct stat st {};
    if (fstat(entry.directory, &st) < 0) return fail_errno(errno, "looking at a directory");
    return remove_below(entry.directory, entry.name, st.st_dev, 0);
}

}  // namespace pando::cdsl
