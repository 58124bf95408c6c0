// SPDX-License-Identifier: GPL-2.0-or-later
// /.pando/observed/NODE.yaml: which shared files a node wrote while it was watched. Each node writes its own; any node
// compares them.
#pragma once

#include "base/result.h"
#include "cdsl/policy.h"

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace pando::cdsl {

constexpr const char* observed_directory = ".pando/observed";

struct ObservedFile {
    std::filesystem::path path;
    uint64_t writes = 0;             // times that it was seen written, at least
    std::set<std::string> programs;  // by name
    bool elsewhere = false;          // it also changed without this node

    bool operator==(const ObservedFile&) const = default;
};

struct Observed {
    std::string node;
    int64_t begin = 0, end = 0;  // seconds since 1970
    std::vector<ObservedFile> files;

    bool operator==(const Observed&) const = default;
};

std::string observed_text(const Observed& observed);
Result<Observed> parse_observed(std::string_view text);  // errors are of kind bad_input

// `root`: a descriptor of the shared root. Old ones of the node are replaced.
Result<> write_observed(int root, const Observed& observed);
// Those that ended not before `since`. One that cannot be read is an Error.
Result<std::vector<Observed>> read_observed(int root, int64_t since);

struct Conflict {
    std::filesystem::path path;
    std::vector<std::string> nodes;  // that wrote it
    bool unknown = false;            // and others, of whom nothing was recorded
    std::set<std::string> programs;
    uint64_t writes = 0;
    Rule proposal;
};

// Files that more than one node wrote, those written most first.
std::vector<Conflict> conflicts_in(const std::vector<Observed>& observed);

}  // namespace pando::cdsl
