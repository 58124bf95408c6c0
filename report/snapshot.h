// SPDX-License-Identifier: GPL-2.0-or-later
// What a collector knows, as one file in memory that `pando status` reads: who asks, asks no node. Times are those of
// the collecting machine since its kernel started, so that no clock makes a report young or old.
//
//   const Snapshot snapshot = TRY(load_snapshot(snapshot_file));
#pragma once

#include "base/deadline.h"
#include "base/result.h"
#include "report/report.h"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace pando::report {

constexpr const char* snapshot_file = "/run/pando/reports.json";            // of a node
constexpr const char* server_snapshot = "/run/pando-collect/reports.json";  // of a boot server

struct Heard {
    Report report;
    Milliseconds last{0};   // when its last report came
    int64_t clock_off = 0;  // seconds: its clock behind ours when that is doubtful (docs/status.md)
    std::string from;       // the address it came from
};

struct Snapshot {
    std::string cluster;
    uint64_t generation = 0;                  // of the collector's description
    std::string boot;                         // of the collecting machine
    Milliseconds written{0};                  // since its kernel started
    std::vector<std::string> nodes;           // of the description, in its order
    std::map<std::string, Heard> heard;       // by node; who never reported is not in it
    std::vector<Heard> unverified;            // machines that have no key yet, the last heard first
    std::map<std::string, uint64_t> dropped;  // packets, by why
};

std::string to_text(const Snapshot& snapshot);  // JSON
Result<Snapshot> snapshot_of(std::string_view text);

Result<Snapshot> load_snapshot(const std::filesystem::path& file);

}  // namespace pando::report
