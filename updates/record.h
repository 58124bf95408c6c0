// SPDX-License-Identifier: GPL-2.0-or-later
// The changes of the shared root, in order: a directory each below /.pando/updates, named by its number.
//
//   change.json      this record
//   packages         what was installed before, a line each
//   etc.tar.gz       /etc as it was before
#pragma once

#include "base/result.h"
#include "updates/packages.h"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pando::updates {

constexpr const char* updates_directory = "/.pando/updates";

struct Record {
    unsigned number = 0;
    std::string node;        // where it was made
    std::string command;     // "apt-get upgrade"
    std::string begin, end;  // 2026-11-23T13:30:36Z; end is empty while it runs
    enum class State { running, done, failed, interrupted } state = State::running;
    int status = 0;  // of the command
    std::vector<PackageChange> packages;
    std::vector<std::string> files;  // of /etc
};

std::string to_string(Record::State state);
std::string to_json(const Record& record);
Result<Record> parse_record(std::string_view json, const std::string& file);

std::filesystem::path directory_of(const std::filesystem::path& root, unsigned number);  // …/000007

// Oldest first. A change that is said to run, and whose lock nobody holds, was cut off. A directory without a record is
// one whose beginning was cut off: nothing was changed by it.
Result<std::vector<Record>> read_records(const std::filesystem::path& root);

}  // namespace pando::updates
