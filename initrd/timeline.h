// SPDX-License-Identifier: GPL-2.0-or-later
// The story of this boot, kept in /run/pando/boot.json: written again after every change, so it is there when a stage
// never returns. Times are seconds since the kernel started.
//
//   { "version": 1, "node": "n1", "cluster": "grove", "state": "running|failed|booted",
//     "stages": [ { "name": "storage", "start": 3.1, "end": 4.2, "result": "ok|failed|running", "attempt": 1,
//                   "detail": "…", "error": "…", "advice": "…" } ] }
#pragma once

#include "base/result.h"

#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

namespace pando::initrd {

constexpr const char* timeline_file = "/run/pando/boot.json";

struct StageRecord {
    std::string name;
    double start = 0, end = 0;
    std::string result = "running";
    unsigned attempt = 1;
    std::string detail, error, advice;
};

class Timeline {
public:
    explicit Timeline(std::filesystem::path file = timeline_file) : file_(std::move(file)) {}
    static Result<Timeline> load(const std::filesystem::path& file = timeline_file);

    std::string node, cluster, state = "running";
    std::vector<StageRecord> stages;

    void begin(std::string_view stage, unsigned attempt);
    void detail(std::string_view text);  // of the stage that runs
    void succeed(std::string_view detail);
    void fail(const Error& error);
    Result<> save() const;

private:
    std::filesystem::path file_;
};

}  // namespace pando::initrd
