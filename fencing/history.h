// SPDX-License-Identifier: GPL-2.0-or-later
// What was fenced, by whom, how long it took and what every device said: a line of JSON each, in the chroot's memory,
// so that it is written while the root is frozen. Bounded: one older file is kept. On a node that is up they are also
// taken over to its own part of the shared root.
//
//   TRY(append_record(history_file("/"), record));
#pragma once

#include "base/result.h"
#include "fencing/levels.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pando::fencing {

constexpr const char* by_dlm_controld = "dlm_controld";

struct Record {
    std::string when;  // 2026-11-22T22:10:03Z, when it ended; now, if empty
    std::string kind;  // fence; unfence; confirm: a person said that it is off; test: a device's state changed;
                       // power: off it is, on again it is not
    std::string node;
    uint32_t id = 0;
    std::string here;    // the node that did it
    std::string by;      // by_dlm_controld; timer; else a person, in words: "root on n1"
    std::string reason;  // a person's
    bool ok = false;
    std::string device;  // that did it
    std::string says;    // why not; of a test: what the device said
    double seconds = 0;
    std::vector<Attempt> attempts;
};

std::string to_line(const Record& record);                   // without a line break
std::optional<Record> record_of(std::string_view line);      // nothing: torn, or not ours
std::string to_text(const std::vector<std::string>& lines);  // for people, oldest first

constexpr size_t memory_limit = 256U << 10U;  // bytes of each of the two files in the chroot
constexpr size_t disk_limit = 1U << 20U;      // of those on the root

std::filesystem::path history_file(const std::filesystem::path& chroot);

// Each a whole line. A file above the limit becomes NAME.1 first, in place of the one before.
Result<> append_lines(const std::filesystem::path& file, const std::vector<std::string>& lines, size_t limit);
Result<> append_record(const std::filesystem::path& file, const Record& record);

// Whole lines of both files, oldest first; those that are no records are left out. No file: none.
std::vector<std::string> read_lines(const std::filesystem::path& file);

// Appends to `to` what `from` has and `to` has not. Returns how many.
Result<size_t> take_over_lines(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace pando::fencing
