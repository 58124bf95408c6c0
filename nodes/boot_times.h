// SPDX-License-Identifier: GPL-2.0-or-later
// Where the seconds of a boot went: from the start of the kernel until the node was up, this boot against those before.
//
//   const auto times = compare_boots(kept.boots, 8);   // the last of them against at most 8 before it
//   fmt::print("{}", to_text(*times));
#pragma once

#include "initrd/kept_boots.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace pando::nodes {

struct Try {
    double begin = 0, end = 0;  // seconds since the kernel started
    bool failed = false;
};

// A stage; or "kernel": until the first stage began; "between": pauses after failures, and people in a shell;
// "system": systemd and its services, from the handover until the node was up.
struct Part {
    std::string name;
    std::vector<Try> tries;
    double seconds = 0;                    // of all tries
    std::optional<double> median_seconds;  // of the boots before; none: none had it
    double median_begin = 0;               // where that stood
    std::string last_error;                // of the last try that failed
    bool slower() const;                   // by more than 20 % and a second
};

struct BootTimes {
    uint64_t number = 0;
    initrd::WhichBoot which;
    std::string node, cluster;
    double seconds = 0;          // all of it
    std::vector<double> before;  // those of the boots it is compared with, last first
    std::vector<Part> parts;     // in the order of the boot; their seconds are all of `seconds`
};

bool is_slower(double seconds, double median);
std::string difference_text(double seconds, double median);  // "+1.20"
double median_of(std::vector<double> values);                // 0 of nothing

// A boot by itself.
BootTimes times_of(const initrd::KeptBoot& boot);
// The last against at most `most` before it. Nothing: there is none.
std::optional<BootTimes> compare_boots(const std::vector<initrd::KeptBoot>& boots, size_t most);

// Lines of at most 80 columns.
std::string to_text(const BootTimes& times);
// The last boot of each node side by side, each part against the median over the nodes.
std::string side_by_side(const std::vector<BootTimes>& nodes);
nlohmann::ordered_json to_json(const BootTimes& times);
// A drawing that needs nothing beside it.
std::string to_svg(const BootTimes& times);

}  // namespace pando::nodes
