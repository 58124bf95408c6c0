// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/stuck_unmount.h"

#include "base/file.h"

#include <fmt/format.h>
#include <sys/mount.h>
#include <filesystem>
#include <sstream>

namespace pando::initrd {
namespace fs = std::filesystem;
namespace {

constexpr const char* debug = "/sys/kernel/debug";
constexpr size_t most_lines = 12;  // of each kind: they go over a serial line

// " G:  s:SH n:2/805b f:DpIqob t:UN ..." has flags "DpIqob".
bool has_flag(const std::string& line, std::string_view flags) {
    const size_t begin = line.find(" f:");
    if (begin == std::string::npos) return false;
    const std::string own = line.substr(begin + 3, line.find(' ', begin + 3) - begin - 3);
    return own.find_first_of(flags) != std::string::npos;
}

std::vector<fs::path> files_in(const fs::path& directory) {
    std::vector<fs::path> files;
    std::error_code none;  // without the module there is nothing to tell
    for (const auto& entry : fs::directory_iterator(directory, none)) files.push_back(entry.path());
    return files;
}

// "1 3 2  2  805b": lock, what was asked of whom, and the resource's name.
std::vector<std::string> first_lines(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; lines.size() < most_lines && std::getline(in, line);) lines.push_back(line);
    return lines;
}

}  // namespace

std::string functions_of(std::string_view stack) {
    std::string functions;
    std::istringstream lines{std::string(stack)};
    for (std::string address, function; lines >> address >> function;) {
        functions += (functions.empty() ? "" : " < ") + function.substr(0, function.find('+'));
        lines.ignore(4096, '\n');  // "[gfs2]" behind it
    }
    return functions;
}

std::vector<std::string> unrestful_glocks(std::string_view glocks, size_t most) {
    std::vector<std::string> found;
    bool shown = false;
    std::istringstream lines{std::string(glocks)};
    for (std::string line; found.size() < most && std::getline(lines, line);) {
        if (line.starts_with("G:")) shown = has_flag(line, "lp");
        const bool waits = line.starts_with(" H:") && has_flag(line, "W");
        if (shown && (line.starts_with("G:") || waits)) found.push_back(line);
    }
    return found;
}

std::vector<std::string> what_unmount_waits_for(pid_t unmounting) {
    std::vector<std::string> told = {fmt::format(
        "the kernel is in {}", functions_of(read_file(fmt::format("/proc/{}/stack", unmounting)).value_or("")))};
    (void)mount("debugfs", debug, "debugfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr);  // it may be there
    for (const auto& filesystem : files_in(fs::path(debug) / "gfs2"))
        for (const auto& line : unrestful_glocks(read_file(filesystem / "glocks").value_or(""), most_lines))
            told.push_back(fmt::format("{} {}", filesystem.filename().string(), line));
    for (const auto& file : files_in(fs::path(debug) / "dlm")) {
        if (!file.filename().string().ends_with("_waiters")) continue;
        for (const auto& line : first_lines(read_file(file).value_or("")))
            told.push_back(fmt::format("dlm {}: {}", file.filename().string(), line));
    }
    return told;
}

}  // namespace pando::initrd
