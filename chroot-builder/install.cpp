// SPDX-License-Identifier: GPL-2.0-or-later
#include "chroot-builder/install.h"

#include "base/file.h"
#include "base/sha256.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace pando::chroot {
namespace fs = std::filesystem;
namespace {

constexpr uint64_t usable_percent = 75;  // the rest is for logs, and for what an update differs by
constexpr uint64_t least_free_percent = 5;
constexpr uint64_t least_free_inodes = 64;

double megabytes(uint64_t bytes) { return static_cast<double>(bytes) / (1024.0 * 1024.0); }

// Is `directory` the root of a mounted tmpfs (and not only a directory on one)?
bool is_tmpfs_mount(const fs::path& directory) {
    struct stat here {};
    struct stat above {};
    struct statfs filesystem {};
    return stat(directory.c_str(), &here) == 0 && stat((directory / "..").c_str(), &above) == 0 &&
           here.st_dev != above.st_dev && statfs(directory.c_str(), &filesystem) == 0 &&
           filesystem.f_type == TMPFS_MAGIC;
}

Result<> copy_bytes(int from, int to, uint64_t size) {
    bool by_range = true;  // shares blocks where the filesystem can; not possible between all kinds of filesystems
    for (uint64_t left = size; left > 0;) {
        const ssize_t n =
            by_range ? copy_file_range(from, nullptr, to, nullptr, left, 0) : sendfile(to, from, nullptr, left);
        if (n > 0) {
            left -= static_cast<uint64_t>(n);
        } else if (n < 0 && errno == EINTR) {
            continue;
        } else if (by_range &&
                   (n == 0 || errno == EXDEV || errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP)) {
            by_range = false;  // 0 also from files that the kernel makes up
        } else if (n == 0) {
            return fail("the file ends {} bytes early", left);
        } else {
            return fail_errno(errno, "copying");
        }
    }
    return {};
}

class Installer {
public:
    Installer(const Sysroot& source, const Sysroot& target, const Twins& twins)
        : source_(source), target_(target), twins_(twins) {}

    Result<> install(const fs::path& path, const Entry& entry) {
        TRY(enter(path.parent_path()));
        const std::string name = path.filename().string();
        switch (entry.kind) {
            case Entry::Kind::directory:
                return make_directory(name, entry);
            case Entry::Kind::symlink:
                return make_link(name, entry);
            case Entry::Kind::file:
                return make_file(path, name, entry);
        }
        return {};
    }

    const Copied& copied() const { return copied_; }

private:
    // Entries are sorted, so most have the directory of the one before.
    Result<> enter(const fs::path& directory) {
        if (parent_.valid() && directory == parent_path_) return {};
        parent_ = TRY(target_.open_at(directory, O_PATH | O_DIRECTORY));
        parent_path_ = directory;
        return {};
    }

    Result<> make_directory(const std::string& name, const Entry& entry) {
        if (mkdirat(parent_.get(), name.c_str(), entry.mode) < 0 && errno != EEXIST)
            return fail_errno(errno, "creating directory");
        struct stat status {};
        if (fstatat(parent_.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) < 0) return fail_errno(errno, "stat");
        if (!S_ISDIR(status.st_mode)) return fail("something that is no directory is in the way");
        // Something is mounted over it (/proc): that is not ours to change.
        struct stat above {};
        if (fstat(parent_.get(), &above) == 0 && above.st_dev != status.st_dev) return {};
        if ((status.st_mode & 07777U) != entry.mode && fchmodat(parent_.get(), name.c_str(), entry.mode, 0) < 0)
            return fail_errno(errno, "chmod");
        return {};
    }

    Result<> make_link(const std::string& name, const Entry& entry) {
        std::string text(entry.target.size() + 1, '\0');
        const ssize_t n = readlinkat(parent_.get(), name.c_str(), text.data(), text.size());
        if (n == static_cast<ssize_t>(entry.target.size()) && text.starts_with(entry.target)) return {};
        const std::string temporary = temporary_name(name);
        if (symlinkat(entry.target.c_str(), parent_.get(), temporary.c_str()) < 0) return fail_errno(errno, "symlink");
        return put_in_place(temporary, name);
    }

    Result<> make_file(const fs::path& path, const std::string& name, const Entry& entry) {
        if (TRY(is_installed(name, entry))) return {};
        const std::string temporary = temporary_name(name);
        if (const auto twin = twins_.find(path); twin != twins_.end() && TRY(link_twin(twin->second, entry, temporary)))
            return put_in_place(temporary, name);
        UniqueFd to(openat(parent_.get(), temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
        if (!to.valid()) return fail_errno(errno, "creating");
        if (entry.content) {
            TRY(write_all(to.get(), *entry.content));
        } else {
            const fs::path& from_path = entry.source.empty() ? path : entry.source;
            auto from = TRY(source_.open_at(from_path, O_RDONLY));
            struct stat status {};
            if (fstat(from.get(), &status) < 0) return fail_errno(errno, "{}", from_path.string());
            if (!S_ISREG(status.st_mode) || static_cast<uint64_t>(status.st_size) != entry.size)
                return fail("{} has {} bytes, its manifest says {}", from_path.string(), status.st_size, entry.size)
                    .advise("build the image again");
            TRY(copy_bytes(from.get(), to.get(), entry.size));
        }
        if (fchmod(to.get(), entry.mode) < 0) return fail_errno(errno, "chmod");
        ++copied_.files;
        copied_.bytes += entry.size;
        return put_in_place(temporary, name);
    }

    Result<bool> is_installed(const std::string& name, const Entry& entry) {
        UniqueFd fd(openat(parent_.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
        struct stat status {};
        if (!fd.valid() || fstat(fd.get(), &status) < 0 || !is_ours(status, entry)) return false;
        const std::string content = TRY(target_.read(parent_path_ / name));
        return sha256(content) == entry.sha256;
    }

    Result<bool> link_twin(const fs::path& twin, const Entry& entry, const std::string& temporary) {
        const auto status = target_.lstat(twin);
        if (!status || !is_ours(*status, entry)) return false;
        const auto content = target_.read(twin);
        if (!content || sha256(*content) != entry.sha256) return false;
        return linkat(target_.fd(), twin.relative_path().c_str(), parent_.get(), temporary.c_str(), 0) == 0;
    }

    // Another owner could change it at any time.
    static bool is_ours(const struct stat& status, const Entry& entry) {
        return S_ISREG(status.st_mode) && status.st_uid == geteuid() && (status.st_mode & 07777U) == entry.mode &&
               static_cast<uint64_t>(status.st_size) == entry.size;
    }

    // One installer at a time works on a target: what bears the name is left from a run that was cut short.
    std::string temporary_name(const std::string& name) {
        std::string temporary = "." + name + ".pando-new";
        unlinkat(parent_.get(), temporary.c_str(), 0);
        return temporary;
    }

    Result<> put_in_place(const std::string& temporary, const std::string& name) {
        if (renameat(parent_.get(), temporary.c_str(), parent_.get(), name.c_str()) < 0)
            return fail_errno(errno, "putting in place");
        return {};
    }

    const Sysroot& source_;
    const Sysroot& target_;
    const Twins& twins_;
    Copied copied_;
    fs::path parent_path_;
    UniqueFd parent_;
};

}  // namespace

Result<> check_size(uint64_t size, const Manifest& manifest) {
    const uint64_t needed = manifest.resident_bytes();
    const uint64_t usable = size / 100 * usable_percent;
    if (needed > usable)
        return bad_input("the chroot takes {:.1f} MiB, of a tmpfs of {:.1f} MiB {:.1f} may be filled",
                         megabytes(needed), megabytes(size), megabytes(usable))
            .advise(fmt::format("set chroot.size to at least {} MiB, or carry fewer programs (chroot.programs)",
                                needed * 100 / usable_percent / (1024 * 1024) + 1));
    return {};
}

Result<> mount_tmpfs(const fs::path& target, uint64_t size, const Manifest& manifest) {
    TRY(check_size(size, manifest));
    TRY(make_directories(target));
    const unsigned long again = is_tmpfs_mount(target) ? MS_REMOUNT : 0;
    const std::string options = fmt::format("mode=0755,size={}", size);
    if (mount("pando-chroot", target.c_str(), "tmpfs", again | MS_NOSUID | MS_NODEV, options.c_str()) < 0)
        return fail_errno(errno, "mounting a tmpfs at {}", target.string());
    return {};
}

Result<> check_free(const fs::path& target) {
    struct statvfs room {};
    if (statvfs(target.c_str(), &room) < 0) return fail_errno(errno, "{}", target.string());
    const uint64_t size = room.f_blocks * room.f_frsize;
    const uint64_t free = room.f_bavail * room.f_frsize;
    if (free >= size / 100 * least_free_percent && (room.f_files == 0 || room.f_favail >= least_free_inodes)) return {};
    return fail("the chroot {} is full: {:.1f} of {:.1f} MiB are free, and {} names", target.string(), megabytes(free),
                megabytes(size), room.f_favail)
        .advise("look for what fills it (its logs are in var/log), or raise chroot.size");
}

Result<Copied> install(const Manifest& manifest, const Sysroot& source, const fs::path& target, const Twins& twins) {
    auto root = TRY(Sysroot::open(target));
    Installer installer(source, root, twins);
    for (const auto& [path, entry] : manifest.entries) {
        auto installed = installer.install(path, entry);
        if (installed) continue;
        Failure failure(installed.error().context(fmt::format("installing {} in {}", path.string(), target.string())));
        if (installed.error().sys == ENOSPC)
            failure.advise("the filesystem is full: raise chroot.size, or make room on the disk of chroot.path");
        return failure;
    }
    return installer.copied();
}

}  // namespace pando::chroot
