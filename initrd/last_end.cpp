// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/last_end.h"

#include "base/file.h"
#include "base/number.h"
#include "initrd/self_reset.h"

#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <sstream>

namespace pando::initrd {
namespace {

namespace fs = std::filesystem;

// Parts of one dump are written one after another.
constexpr std::time_t one_dump = 30;
constexpr size_t kept_most = 10;
constexpr size_t record_limit = 1U << 20U;

struct Record {
    std::string name;
    std::time_t time = 0;
    std::string text;
};

// "Panic#1 Part2" -> 2
unsigned part_of_header(std::string_view line) {
    const size_t at = line.find(" Part");
    if (at == std::string_view::npos) return 0;
    return whole_number<unsigned>(line.substr(at + 5)).value_or(0);
}

std::pair<std::string_view, std::string_view> split_line(std::string_view text) {
    const size_t end = std::min(text.find('\n'), text.size());
    return {text.substr(0, end), text.substr(std::min(end + 1, text.size()))};
}

Result<std::vector<Record>> read_records(const fs::path& pstore) {
    std::vector<Record> records;
    for (const std::string& name : TRY(list_directory(pstore))) {
        struct stat status {};
        if (!name.starts_with("dmesg-") || stat((pstore / name).c_str(), &status) < 0) continue;
        // What the kernel could not decompress (.enc.z) is no text for anybody here; it is erased with the rest.
        std::string text = name.ends_with(".z") ? "" : read_file(pstore / name, record_limit).value_or("");
        records.push_back({name, status.st_mtim.tv_sec, std::move(text)});
    }
    return records;
}

Result<> forget_oldest() {
    std::vector<std::string> names;
    for (std::string& name : TRY(list_directory(kept_ends)))
        if (name.starts_with("end-")) names.push_back(std::move(name));
    while (names.size() > kept_most) {  // their names sort by time
        if (unlink((fs::path(kept_ends) / names.front()).c_str()) < 0)
            return fail_errno(errno, "removing {}", names.front());
        names.erase(names.begin());
    }
    return {};
}

std::string file_name_of(std::time_t time) {
    std::tm utc{};
    gmtime_r(&time, &utc);
    return fmt::format("end-{:04}{:02}{:02}T{:02}{:02}{:02}Z.log", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
                       utc.tm_hour, utc.tm_min, utc.tm_sec);
}

}  // namespace

std::string reason_in(std::string_view log) {
    constexpr std::string_view panic = "Kernel panic - not syncing: ";
    std::string ours, kernels;
    while (!log.empty()) {
        const auto [line, rest] = split_line(log);
        log = rest;
        if (const size_t at = line.find(reset_marker); at != std::string_view::npos)
            ours = line.substr(at + reset_marker.size());
        if (const size_t at = line.find(panic); at != std::string_view::npos && kernels.empty())
            kernels = line.substr(at + panic.size());
    }
    if (!ours.empty()) return "this machine reset itself: " + ours;
    if (!kernels.empty()) return "its kernel panicked: " + kernels;
    return "its kernel left a log, and no panic is in it";
}

std::string join_dump(std::vector<std::string> parts) {
    std::stable_sort(parts.begin(), parts.end(), [](const std::string& a, const std::string& b) {
        return part_of_header(split_line(a).first) > part_of_header(split_line(b).first);
    });
    std::string log;
    for (const std::string& part : parts) {
        const auto [header, text] = split_line(part);
        log += part_of_header(header) > 0 ? text : std::string_view(part);
        if (!log.empty() && log.back() != '\n') log += '\n';
    }
    return log;
}

Result<std::optional<LastEnd>> read_last_end(const fs::path& pstore) {
    const auto records = TRY(read_records(pstore));
    if (records.empty()) return std::optional<LastEnd>();
    LastEnd end;
    std::vector<std::string> parts;
    for (const Record& record : records) end.time = std::max(end.time, record.time);
    for (const Record& record : records) {
        end.records.push_back(record.name);
        if (record.time + one_dump >= end.time && !record.text.empty()) parts.push_back(record.text);
    }
    end.log = join_dump(std::move(parts));
    end.reason = reason_in(end.log);
    return std::optional(std::move(end));
}

Result<> keep_last_end() {
    const auto text = read_file(last_end_file, record_limit);
    const auto names_left = read_file(last_end_records, record_limit);
    if (!text || !names_left) return {};
    TRY(make_directories(kept_ends, 0750));
    struct stat status {};
    const std::string& records = *names_left;
    const auto first = fs::path(pstore_path) / std::string(split_line(records).first);
    // systemd-pstore may have put it away by now; then it is as old as this boot's copy.
    if (stat(first.c_str(), &status) < 0 && stat(last_end_file, &status) < 0)
        return fail_errno(errno, "{}", last_end_file);
    TRY(write_file_atomic(fs::path(kept_ends) / file_name_of(status.st_mtim.tv_sec), *text, 0640));
    TRY(forget_oldest());
    std::istringstream names(records);
    for (std::string name; std::getline(names, name);)
        if (unlink((fs::path(pstore_path) / name).c_str()) < 0 && errno != ENOENT)
            return fail_errno(errno, "erasing {} from pstore", name);
    // Not a second time; what status tells of it stays.
    if (unlink(last_end_records) < 0) return fail_errno(errno, "removing {}", last_end_records);
    return {};
}

std::string last_end_reason() {
    return std::string(split_line(read_file(last_end_file, record_limit).value_or("")).first);
}

}  // namespace pando::initrd
