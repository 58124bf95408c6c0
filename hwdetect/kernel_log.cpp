// SPDX-License-Identifier: GPL-2.0-or-later
#include "hwdetect/kernel_log.h"

#include "hwdetect/sysfs.h"

#include <fcntl.h>
#include <unistd.h>
#include <algorithm>
#include <array>

namespace pando::hwdetect {
namespace {

// The kernel's own words, and those of Debian's.
struct Words {
    std::string_view before, behind;  // the file's name
};
constexpr std::array phrases = {Words{"Direct firmware load for ", " failed with error "},
                                Words{"firmware: failed to load ", " ("}};

// "bnx2x 0000:06:00.0: ": the driver, the device, a colon.
void take_device(std::string_view head, MissingFirmware& missing) {
    while (!head.empty() && (head.back() == ' ' || head.back() == ':')) head.remove_suffix(1);
    const size_t blank = head.find(' ');
    missing.driver = cleaned(head.substr(0, blank));
    if (blank != std::string_view::npos) missing.device = cleaned(head.substr(blank + 1));
}

// Packages of Debian by the folder or the beginning of a file's name.
struct Package {
    std::string_view begins;
    const char* name;
};
constexpr std::array packages = {
    Package{"bnx2x", "firmware-bnx2x"},         Package{"bnx2", "firmware-bnx2"},
    Package{"ql2", "firmware-qlogic"},          Package{"qed/", "firmware-qlogic"},
    Package{"qlogic/", "firmware-qlogic"},      Package{"netronome/", "firmware-netronome"},
    Package{"tigon/", "firmware-misc-nonfree"}, Package{"intel/ice/", "firmware-misc-nonfree"},
    Package{"cxgb", "firmware-misc-nonfree"},
};

std::string package_of(std::string_view file) {
    for (const Package& package : packages)
        if (file.starts_with(package.begins)) return fmt::format("package {}", package.name);
    return "the package that has it";
}

}  // namespace

std::string to_string(const MissingFirmware& missing) {
    return fmt::format(
        "firmware {} for {}{}: not in this image (a driver may do with another); install {} in the root and build the "
        "image again",
        missing.file, missing.driver.empty() ? "a driver" : missing.driver,
        missing.device.empty() ? "" : " at " + missing.device, package_of(missing.file));
}

std::optional<MissingFirmware> missing_firmware_in(std::string_view record) {
    const size_t semicolon = record.find(';');
    if (semicolon == std::string_view::npos) return std::nullopt;
    std::string_view line = record.substr(semicolon + 1);
    line = line.substr(0, line.find('\n'));  // behind it are the device's properties
    for (const Words& words : phrases) {
        const size_t begin = line.find(words.before);
        if (begin == std::string_view::npos) continue;
        const std::string_view rest = line.substr(begin + words.before.size());
        const size_t end = rest.find(words.behind);
        if (end == 0 || end == std::string_view::npos) continue;
        MissingFirmware missing{.file = cleaned(rest.substr(0, end)), .driver = {}, .device = {}};
        take_device(line.substr(0, begin), missing);
        return missing;
    }
    return std::nullopt;
}

Result<KernelLog> KernelLog::from_now() {
    KernelLog log;
    log.kmsg_.reset(open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    if (!log.kmsg_.valid()) return fail_errno(errno, "reading the kernel's log, /dev/kmsg");
    if (lseek(log.kmsg_.get(), 0, SEEK_END) < 0) return fail_errno(errno, "reading the kernel's log, /dev/kmsg");
    return log;
}

std::vector<MissingFirmware> KernelLog::missing_firmware() {
    std::vector<MissingFirmware> found;
    std::array<char, 8192> record;  // the kernel's longest; one read(2) gives one record
    for (;;) {
        const ssize_t n = read(kmsg_.get(), record.data(), record.size());
        if (n < 0 && (errno == EINTR || errno == EPIPE)) continue;  // EPIPE: older ones were overwritten; go on behind
        if (n <= 0) return found;
        auto missing = missing_firmware_in({record.data(), static_cast<size_t>(n)});
        if (!missing || std::find(told_.begin(), told_.end(), *missing) != told_.end()) continue;
        told_.push_back(*missing);
        found.push_back(std::move(*missing));
    }
}

}  // namespace pando::hwdetect
