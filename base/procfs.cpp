// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/procfs.h"

#include "base/file.h"
#include "base/number.h"

#include <sys/sysmacros.h>

#include <algorithm>
#include <charconv>
#include <sstream>

namespace pando {

Result<std::vector<pid_t>> all_processes() {
    std::vector<pid_t> found;
    for (const std::string& name : TRY(list_directory("/proc")))
        if (const auto pid = whole_number<pid_t>(name); pid && *pid > 0) found.push_back(*pid);
    return found;
}

std::string first_argument(pid_t pid) {
    const auto line = read_file(fmt::format("/proc/{}/cmdline", pid));
    return line ? line->substr(0, line->find('\0')) : std::string();
}

Result<std::vector<pid_t>> processes_named(const std::string& argv0) {
    std::vector<pid_t> found;
    for (const pid_t pid : TRY(all_processes()))
        if (first_argument(pid) == argv0) found.push_back(pid);
    return found;
}

std::vector<Mount> parse_mounts(std::string_view mountinfo) {
    std::vector<Mount> mounts;
    std::istringstream lines{std::string(mountinfo)};
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        Mount mount;
        std::string parent;
        std::string device;
        words >> mount.id >> parent >> device >> mount.root >> mount.point;
        const auto number = parse_device(device, 10);
        if (!words || !number) continue;
        mount.device = *number;
        words >> mount.options;
        // Any number of optional fields, then a dash.
        for (std::string optional; words >> optional && optional != "-";) continue;
        words >> mount.filesystem >> mount.source >> mount.super_options;
        mounts.push_back(std::move(mount));
    }
    return mounts;
}

bool Mount::writable() const { return ("," + options + "," + super_options + ",").find(",ro,") == std::string::npos; }

std::optional<Mount> mount_at(const std::vector<Mount>& mounts, std::string_view point) {
    const auto found =
        std::find_if(mounts.rbegin(), mounts.rend(), [&](const Mount& mount) { return mount.point == point; });
    return found == mounts.rend() ? std::nullopt : std::optional(*found);
}

Result<std::vector<Mount>> our_mounts() { return parse_mounts(TRY(read_file("/proc/self/mountinfo"))); }

Result<std::vector<Mount>> mounts_of(pid_t pid) {
    return parse_mounts(TRY(read_file(fmt::format("/proc/{}/mountinfo", pid))));
}

std::string unescaped(std::string_view name) {
    std::string plain;
    for (size_t i = 0; i < name.size(); ++i) {
        const auto octal = name[i] == '\\' && i + 3 < name.size()
                               ? whole_number<unsigned char>(name.substr(i + 1, 3), 8)
                               : std::nullopt;
        plain += octal ? static_cast<char>(*octal) : name[i];
        if (octal) i += 3;
    }
    return plain;
}

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

}  // namespace pando
