// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/timeline.h"

#include "base/deadline.h"
#include "base/file.h"

#include <nlohmann/json.hpp>

namespace pando::initrd {
namespace {

double now() { return static_cast<double>(since_boot().count()) / 1000.0; }

}  // namespace

Result<Timeline> Timeline::load(const std::filesystem::path& file) {
    const std::string text = TRY(read_file(file));
    Timeline timeline(file);
    try {
        const auto json = nlohmann::json::parse(text);
        timeline.node = json.at("node");
        timeline.cluster = json.at("cluster");
        timeline.state = json.at("state");
        for (const auto& row : json.at("stages")) {
            timeline.stages.push_back({row.at("name"), row.at("start"), row.at("end"), row.at("result"),
                                       row.at("attempt"), row.at("detail"), row.at("error"), row.at("advice")});
        }
    } catch (const nlohmann::json::exception& error) {
        return pando::fail("{} is no boot timeline: {}", file.string(), error.what());
    }
    return timeline;
}

void Timeline::begin(std::string_view stage, unsigned attempt) {
    StageRecord record;
    record.name = stage;
    record.start = now();
    record.attempt = attempt;
    stages.push_back(std::move(record));
}

void Timeline::detail(std::string_view text) {
    if (!stages.empty()) stages.back().detail = text;
}

void Timeline::succeed(std::string_view detail) {
    stages.back().end = now();
    stages.back().result = "ok";
    stages.back().detail = detail;
}

void Timeline::fail(const Error& error) {
    stages.back().end = now();
    stages.back().result = "failed";
    stages.back().error = error.what;
    stages.back().advice = error.advice;
}

Result<> Timeline::save() const {
    nlohmann::json rows = nlohmann::json::array();
    for (const StageRecord& r : stages) {
        rows.push_back({{"name", r.name},
                        {"start", r.start},
                        {"end", r.end},
                        {"result", r.result},
                        {"attempt", r.attempt},
                        {"detail", r.detail},
                        {"error", r.error},
                        {"advice", r.advice}});
    }
    const nlohmann::json json = {
        {"version", 1}, {"node", node}, {"cluster", cluster}, {"state", state}, {"stages", rows}};
    return write_file_atomic(file_, json.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

}  // namespace pando::initrd
