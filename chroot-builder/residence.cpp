// SPDX-License-Identifier: GPL-2.0-or-later
#include "chroot-builder/residence.h"

#include "base/file.h"

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <sstream>

namespace pando::chroot {
namespace fs = std::filesystem;
namespace {

fs::path proc(pid_t pid) { return fs::path("/proc") / std::to_string(pid); }

bool has_gone(const Error& error) { return error.sys == ENOENT || error.sys == ESRCH; }

// Empty for kernel threads, and for processes that have ended.
std::string first_argument(pid_t pid) {
    const auto line = read_file(proc(pid) / "cmdline");
    return line ? line->substr(0, line->find('\0')) : std::string();
}

// The object behind one of /proc's links, which may lie in another mount namespace. Nothing when it is gone.
Result<std::optional<struct stat>> stat_link(const fs::path& link) {
    struct stat status {};
    if (stat(link.c_str(), &status) == 0) return std::optional(status);
    if (errno == ENOENT || errno == ESRCH) return std::optional<struct stat>();
    return fail_errno(errno, "{}", link.string()).advise("run this as root");
}

std::string text_of_link(const fs::path& link) {
    std::error_code ignored;
    return fs::read_symlink(link, ignored).string();
}

class Inspector {
public:
    Inspector(pid_t pid, dev_t filesystem) : pid_(pid), filesystem_(filesystem), name_(first_argument(pid)) {}

    Result<std::vector<Foothold>> inspect() {
        TRY(look_at_link("cwd", "working directory"));
        TRY(look_at_link("root", "root directory"));
        TRY(look_at_link("exe", "executable"));
        TRY(look_at_files());
        TRY(look_at_text("maps", "mapping", mapped_files));
        if (TRY(has_own_mounts())) TRY(look_at_text("mountinfo", "mount", mounts_of));
        return std::move(found_);
    }

private:
    void add(std::string how, std::string path) { found_.push_back({pid_, name_, std::move(how), std::move(path)}); }

    Result<> look_at_link(const std::string& link, const std::string& how) {
        const fs::path path = proc(pid_) / link;
        const auto status = TRY(stat_link(path));
        if (status && status->st_dev == filesystem_) add(how, text_of_link(path));
        return {};
    }

    Result<> look_at_files() {
        const auto numbers = list_directory(proc(pid_) / "fd");
        if (!numbers && has_gone(numbers.error())) return {};
        if (!numbers) return Failure(numbers.error()).advise("run this as root");
        for (const std::string& number : *numbers) TRY(look_at_link("fd/" + number, "open file " + number));
        return {};
    }

    using Parser = std::vector<std::string> (*)(std::string_view, dev_t);
    Result<> look_at_text(const char* file, const std::string& how, Parser parser) {
        const auto text = read_file(proc(pid_) / file);
        if (!text && has_gone(text.error())) return {};
        if (!text) return Failure(text.error()).advise("run this as root");
        for (std::string& path : parser(*text, filesystem_)) add(how, std::move(path));
        return {};
    }

    Result<bool> has_own_mounts() {
        const auto ours = TRY(stat_link("/proc/self/ns/mnt"));
        const auto its = TRY(stat_link(proc(pid_) / "ns/mnt"));
        return ours && its && ours->st_ino != its->st_ino;
    }

    pid_t pid_;
    dev_t filesystem_;
    std::string name_;
    std::vector<Foothold> found_;
};

// "fd:01": hexadecimal in maps; "253:1": decimal in mountinfo.
std::optional<dev_t> parse_device(std::string_view text, int base) {
    const size_t colon = text.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    unsigned int high = 0;
    unsigned int low = 0;
    const char* end = text.data() + text.size();
    const bool ok = std::from_chars(text.data(), text.data() + colon, high, base).ec == std::errc() &&
                    std::from_chars(text.data() + colon + 1, end, low, base).ec == std::errc();
    return ok ? std::optional(makedev(high, low)) : std::nullopt;
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

std::vector<std::string> mounts_of(std::string_view mountinfo, dev_t filesystem) {
    std::vector<std::string> points;
    std::istringstream lines{std::string(mountinfo)};
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);  // id parent device root point …
        std::array<std::string, 5> fields;
        for (std::string& field : fields) words >> field;
        if (parse_device(fields[2], 10) == filesystem) points.push_back(fields[4]);
    }
    return points;
}

Result<std::vector<Foothold>> footholds(const std::vector<pid_t>& processes, dev_t filesystem) {
    std::vector<Foothold> all;
    for (const pid_t pid : processes) {
        auto found = TRY(Inspector(pid, filesystem).inspect());
        std::move(found.begin(), found.end(), std::back_inserter(all));
    }
    return all;
}

Result<std::vector<pid_t>> survival_processes(const fs::path& chroot) {
    const auto inside = TRY(stat_link(chroot));
    struct stat outside {};
    if (stat("/", &outside) < 0) return fail_errno(errno, "/");
    std::vector<pid_t> found;
    for (const std::string& name : TRY(list_directory("/proc"))) {
        pid_t pid = 0;
        const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
        if (error != std::errc() || end != name.data() + name.size()) continue;
        bool survives = first_argument(pid).starts_with('@');
        if (!survives && inside && (inside->st_dev != outside.st_dev || inside->st_ino != outside.st_ino)) {
            const auto root = stat_link(proc(pid) / "root");  // refused for processes of others: not ours then
            survives = root && *root && (*root)->st_dev == inside->st_dev && (*root)->st_ino == inside->st_ino;
        }
        if (survives) found.push_back(pid);
    }
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
