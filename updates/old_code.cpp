// SPDX-License-Identifier: GPL-2.0-or-later
#include "updates/old_code.h"

#include "base/file.h"
#include "base/number.h"

#include <sys/stat.h>
#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <sstream>

namespace pando::updates {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 5> places_of_packages = {"/usr/", "/lib/", "/bin/", "/sbin/", "/opt/"};
constexpr std::string_view deleted = " (deleted)";

// "7f..-7f.. r-xp 00000000 fd:00 131 /usr/lib/x86_64-linux-gnu/libc.so.6": its file, if the root has another one there
// now, or none.
std::optional<std::string> replaced_file(const fs::path& root, const std::string& line) {
    std::istringstream words(line);
    std::string range, access, offset, device, inode;
    words >> range >> access >> offset >> device >> inode >> std::ws;
    std::string path;
    std::getline(words, path);
    if (access.size() < 3 || access[2] != 'x' || path.empty()) return std::nullopt;
    if (path.ends_with(deleted)) path.resize(path.size() - deleted.size());
    if (std::none_of(places_of_packages.begin(), places_of_packages.end(),
                     [&](std::string_view place) { return path.starts_with(place); }))
        return std::nullopt;
    struct stat now {};
    const auto was = whole_number<ino_t>(inode);
    if (!was || (stat((root / fs::path(path).relative_path()).c_str(), &now) == 0 && now.st_ino == *was))
        return std::nullopt;
    return path;
}

std::optional<std::string> replaced_file_of(const fs::path& root, const fs::path& process) {
    std::istringstream lines(read_file(process / "maps").value_or(""));
    for (std::string line; std::getline(lines, line);)
        if (auto file = replaced_file(root, line)) return file;
    return std::nullopt;
}

}  // namespace

std::string unit_of(std::string_view cgroup) {
    std::string_view line = cgroup.substr(0, cgroup.find('\n'));
    if (!line.starts_with("0::/")) return {};
    line.remove_prefix(4);
    if (line == "init.scope") return std::string(line);
    if (!line.starts_with("system.slice/")) return {};
    // The outermost service: below it lie cgroups that it makes for itself.
    while (!line.empty()) {
        const std::string_view part = line.substr(0, line.find('/'));
        if (part.ends_with(".service")) return std::string(part);
        line.remove_prefix(std::min(part.size() + 1, line.size()));
    }
    return {};
}

std::string why_not_restarted(const std::string& unit) {
    struct Left {
        std::string_view begins, why;
    };
    constexpr std::array left = {
        Left{"dbus", "what has a connection to it does not survive that"},
        Left{"systemd-logind", "sessions depend on it"},
        Left{"systemd-networkd", "it holds the cluster's link"},
        Left{"getty@", "somebody may be logged in there"},
        Left{"serial-getty@", "somebody may be logged in there"},
        Left{"user@", "somebody's own services"},
        Left{"pando-updates", "this is it"},
    };
    if (unit.empty()) return "somebody's session";
    for (const Left& one : left)
        if (unit.starts_with(one.begins)) return std::string(one.why);
    return {};
}

Result<std::vector<OldService>> old_services(const fs::path& root, const std::vector<pid_t>& but_not) {
    std::map<std::string, OldService> found;
    for (const std::string& name : TRY(list_directory(root / "proc"))) {
        const auto pid = whole_number<pid_t>(name);
        if (!pid || std::find(but_not.begin(), but_not.end(), *pid) != but_not.end()) continue;
        const auto file = replaced_file_of(root, root / "proc" / name);
        if (!file) continue;
        const std::string unit = unit_of(read_file(root / "proc" / name / "cgroup").value_or(""));
        OldService& service = found[unit];
        service.unit = unit;
        service.file = *file;
        service.processes.push_back(*pid);
    }
    std::vector<OldService> services;
    for (auto& [unit, service] : found) services.push_back(std::move(service));
    return services;
}

}  // namespace pando::updates
