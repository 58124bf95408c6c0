// SPDX-License-Identifier: GPL-2.0-or-later
// How this machine's last boot ended, as the kernel's log in pstore has it: memory of the firmware (ERST, EFI
// variables) that outlives a reset. Read before the first stage, kept on the node's own tree once it is up, and only
// then erased, so that a boot that fails loses nothing.
//
//   if (const auto end = TRY(read_last_end(pstore_path))) log::warning("{}", end->reason);
#pragma once

#include "base/result.h"

#include <ctime>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pando::initrd {

constexpr const char* pstore_path = "/sys/fs/pstore";
constexpr const char* last_end_file = "/run/pando/last-end";  // its first line is the reason, the log follows
constexpr const char* last_end_records = "/run/pando/last-end.records";  // names in pstore, a line each
constexpr const char* kept_ends = "/var/log/pando";

struct LastEnd {
    std::string reason;  // one line
    std::string log;     // of the kernel, its last kilobytes, in order
    std::time_t time = 0;
    std::vector<std::string> records;  // file names in pstore, of older ends as well
};

// The reason in a kernel's log: ours where we reset the machine, else the kernel's.
std::string reason_in(std::string_view log);

// Parts of one dump, each beginning with a line "Panic#1 Part2"; the first part is the end of the log.
std::string join_dump(std::vector<std::string> parts);

// The newest in the directory. Nothing: it holds none.
Result<std::optional<LastEnd>> read_last_end(const std::filesystem::path& pstore);

// First of all in a boot: mounts pstore where the machine has one, says how the last boot ended, and leaves it in
// /run/pando.
void tell_last_end();

// On the node that is up: into its own tree, then out of pstore. Nothing to keep is no error.
Result<> keep_last_end();

// The reason, as `pando status` tells it; empty: none is known.
std::string last_end_reason();

}  // namespace pando::initrd
