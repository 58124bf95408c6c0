// SPDX-License-Identifier: GPL-2.0-or-later
// What a drill found, for people and programs; and what a drill that runs says of itself, for `status`.
#pragma once

#include "base/deadline.h"
#include "base/result.h"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace pando::initrd {

// The last result; while a drill runs, when it will be over.
constexpr const char* drill_file = "/run/pando/drill.json";
constexpr const char* drill_lock = "/run/pando/drill.lock";  // held by the drill and by who releases the root

struct DrillRow {
    std::string what;  // "fence device n2-bmc of n2"
    bool held = false;
    double begun = 0, took = 0;  // seconds, from the suspension on
    std::string says;
};

struct DrillReport {
    std::string node, map;
    unsigned asked = 0;    // seconds
    double begun = 0;      // seconds since the kernel started, as in its log
    double suspended = 0;  // seconds that it was
    std::vector<DrillRow> rows;
    bool held() const;
};

std::string to_text(const DrillReport& report);
std::string to_json(const DrillReport& report);  // one object, in lines

// A drill that runs.
std::string running_drill(const std::string& node, Milliseconds release_at);
// How long it has yet to run; nothing: none runs.
std::optional<Milliseconds> drill_time_left(const std::filesystem::path& file = drill_file);

}  // namespace pando::initrd
