// SPDX-License-Identifier: GPL-2.0-or-later
#include "chroot-builder/residence.h"

#include "base/fd.h"
#include "base/file.h"
#include "base/procfs.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <sstream>

namespace pando::chroot {
namespace fs = std::filesystem;
namespace {

fs::path proc(pid_t pid) { return fs::path("/proc") / std::to_string(pid); }

bool has_gone(const Error& error) { return error.sys == ENOENT || error.sys == ESRCH; }

// Nothing when the process has ended meanwhile.
Result<std::optional<std::string>> read_if_there(const fs::path& file) {
    auto text = read_file(file);
    if (text) return std::optional(std::move(*text));
    if (has_gone(text.error())) return std::optional<std::string>();
    return Failure(text.error()).advise("run this as root");
}

std::string text_of_link(const fs::path& link) {
    std::error_code ignored;
    return fs::read_symlink(link, ignored).string();
}

std::optional<int> number_after(std::string_view text, std::string_view name) {
    const size_t at = text.find(name);
    if (at == std::string_view::npos) return std::nullopt;
    const size_t digits = text.find_first_of("0123456789", at + name.size());
    int number = 0;
    if (digits == std::string_view::npos) return std::nullopt;
    std::from_chars(text.data() + digits, text.data() + text.size(), number);
    return number;
}

std::optional<ino_t> mount_namespace(const fs::path& process) {
    struct stat status {};  // of nsfs, which never waits
    if (stat((process / "ns/mnt").c_str(), &status) < 0) return std::nullopt;
    return status.st_ino;
}

// Which mount an open file is on; the kernel says it of the descriptor, no filesystem is asked.
std::optional<int> mount_of_descriptor(const fs::path& process, const std::string& number) {
    const auto info = read_file(process / "fdinfo" / number);
    return info ? number_after(*info, "mnt_id:") : std::nullopt;
}

class Inspector {
public:
    Inspector(pid_t pid, dev_t filesystem, const std::vector<Mount>& our_mounts)
        : pid_(pid), filesystem_(filesystem), name_(first_argument(pid)), mounts_(our_mounts) {}

    Result<std::vector<Foothold>> inspect() {
        if (mount_namespace(proc(pid_)) != mount_namespace("/proc/self")) {
            const auto text = TRY(read_if_there(proc(pid_) / "mountinfo"));
            const auto its_mounts = parse_mounts(text.value_or(""));
            for (const Mount& mount : its_mounts)
                if (mount.device == filesystem_) add("mount", mount.point);
            mounts_.insert(mounts_.end(), its_mounts.begin(), its_mounts.end());
        }
        TRY(look_at_link("cwd", "working directory"));
        TRY(look_at_link("root", "root directory"));
        TRY(look_at_link("exe", "executable"));
        TRY(look_at_files());
        if (const auto maps = TRY(read_if_there(proc(pid_) / "maps")))
            for (std::string& path : mapped_files(*maps, filesystem_)) add("mapping", std::move(path));
        return std::move(found_);
    }

private:
    void add(std::string how, std::string path) { found_.push_back({pid_, name_, std::move(how), std::move(path)}); }

    Result<> look_at_link(const char* name, const std::string& how) {
        const fs::path link = proc(pid_) / name;
        const UniqueFd fd(open(link.c_str(), O_PATH | O_CLOEXEC));
        if (!fd.valid() && (errno == ENOENT || errno == ESRCH)) return {};
        if (!fd.valid()) return fail_errno(errno, "{}", link.string()).advise("run this as root");
        consider(mount_of_descriptor("/proc/self", std::to_string(fd.get())), link, how);
        return {};
    }

    Result<> look_at_files() {
        const auto numbers = list_directory(proc(pid_) / "fd");
        if (!numbers && has_gone(numbers.error())) return {};
        if (!numbers) return Failure(numbers.error()).advise("run this as root");
        for (const std::string& number : *numbers)
            consider(mount_of_descriptor(proc(pid_), number), proc(pid_) / "fd" / number, "open file " + number);
        return {};
    }

    void consider(std::optional<int> mount, const fs::path& link, const std::string& how) {
        if (!mount) return;  // closed meanwhile
        const std::string path = text_of_link(link);
        const auto known =
            std::find_if(mounts_.begin(), mounts_.end(), [&](const Mount& one) { return one.id == *mount; });
        if (known != mounts_.end()) {
            if (known->device == filesystem_) add(how, path);
        } else if (path.starts_with('/') && !path.starts_with("/memfd:")) {
            // On a mount that is in no namespace any more (lazily unmounted): only the file itself can tell.
            struct stat status {};
            if (stat(link.c_str(), &status) == 0 && status.st_dev == filesystem_) add(how, path);
        }
    }

    pid_t pid_;
    dev_t filesystem_;
    std::string name_;
    std::vector<Mount> mounts_;  // ours and the process's: their numbers are the same in all namespaces
    std::vector<Foothold> found_;
};

// A process whose root directory is on the filesystem; false for those that may not be looked into.
bool has_root_on(pid_t pid, dev_t filesystem) {
    const UniqueFd fd(open((proc(pid) / "root").c_str(), O_PATH | O_CLOEXEC));
    if (!fd.valid()) return false;
    const auto mount = mount_of_descriptor("/proc/self", std::to_string(fd.get()));
    const auto mounts = mounts_of(pid);
    if (!mount || !mounts) return false;
    for (const Mount& one : *mounts)
        if (one.id == *mount) return one.device == filesystem;
    return false;
}

// "VmRSS:   1234 kB" of /proc/PID/status, in bytes.
uint64_t status_field(std::string_view status, std::string_view name) {
    const size_t at = status.find(name);
    if (at == std::string_view::npos) return 0;
    const size_t digits = status.find_first_of("0123456789", at);
    uint64_t kibibytes = 0;
    if (digits != std::string_view::npos)
        std::from_chars(status.data() + digits, status.data() + status.size(), kibibytes);
    return kibibytes * 1024;
}

}  // namespace

std::vector<std::string> mapped_files(std::string_view maps, dev_t filesystem) {
    std::vector<std::string> paths;
    std::istringstream lines{std::string(maps)};
    for (std::string line; std::getline(lines, line);) {
        // address permissions offset device inode path; the path may hold spaces
        std::istringstream words(line);
        std::string address;
        std::string permissions;
        std::string offset;
        std::string device;
        std::string inode;
        std::string path;
        words >> address >> permissions >> offset >> device >> inode;
        std::getline(words >> std::ws, path);
        if (inode == "0" || parse_device(device, 16) != filesystem) continue;
        if (std::find(paths.begin(), paths.end(), path) == paths.end()) paths.push_back(path);
    }
    return paths;
}

Result<dev_t> device_of_mount(const fs::path& mount_point) {
    const auto found = mount_at(TRY(our_mounts()), mount_point.native());
    if (!found) return fail("nothing is mounted at {}", mount_point.string());
    return found->device;
}

Result<std::vector<Foothold>> footholds(const std::vector<pid_t>& processes, dev_t filesystem) {
    const auto mounts = TRY(our_mounts());
    std::vector<Foothold> all;
    for (const pid_t pid : processes) {
        auto found = TRY(Inspector(pid, filesystem, mounts).inspect());
        std::move(found.begin(), found.end(), std::back_inserter(all));
    }
    return all;
}

Result<std::vector<pid_t>> survival_processes(const fs::path& chroot) {
    const auto device = device_of_mount(chroot);  // nothing is mounted there: nobody can be inside
    std::vector<pid_t> found;
    for (const pid_t pid : TRY(all_processes()))
        if ((device && has_root_on(pid, *device)) || first_argument(pid).starts_with('@')) found.push_back(pid);
    return found;
}

Result<Memory> memory_of(pid_t pid) {
    const std::string status = TRY(read_file(proc(pid) / "status"));
    return Memory{first_argument(pid), status_field(status, "\nVmRSS:"), status_field(status, "\nVmLck:")};
}

Result<uint64_t> used_bytes(const fs::path& filesystem) {
    struct statvfs status {};
    if (statvfs(filesystem.c_str(), &status) < 0) return fail_errno(errno, "{}", filesystem.string());
    return (status.f_blocks - status.f_bfree) * status.f_frsize;
}

}  // namespace pando::chroot
