// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/snapshot.h"

#include "base/file.h"

#include <nlohmann/json.hpp>

namespace pando::report {
namespace {

using nlohmann::json;

constexpr int this_version = 1;

json to_json(const Heard& heard) {
    json out = {{"last_ms", heard.last.count()}, {"from", heard.from}, {"report", report::to_json(heard.report)}};
    if (heard.clock_off != 0) out["clock_off"] = heard.clock_off;
    return out;
}

Heard heard_of(const json& from) {
    Heard heard;
    heard.last = Milliseconds(from.at("last_ms").get<int64_t>());
    heard.from = from.at("from");
    heard.clock_off = from.value("clock_off", int64_t{0});
    heard.report = report_of(from.at("report")).value_or(Report());
    return heard;
}

}  // namespace

std::string to_text(const Snapshot& snapshot) {
    json out = {{"version", this_version},
                {"cluster", snapshot.cluster},
                {"generation", snapshot.generation},
                {"boot", snapshot.boot},
                {"written_ms", snapshot.written.count()},
                {"nodes", snapshot.nodes},
                {"heard", json::object()},
                {"unverified", json::array()},
                {"dropped", snapshot.dropped}};
    for (const auto& [node, heard] : snapshot.heard) out["heard"][node] = to_json(heard);
    for (const Heard& heard : snapshot.unverified) out["unverified"].push_back(to_json(heard));
    return out.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

Result<Snapshot> snapshot_of(std::string_view text) {
    try {
        const json from = json::parse(text);
        Snapshot snapshot;
        if (from.at("version") != this_version) return fail("it was written by another version of Pando");
        snapshot.cluster = from.at("cluster");
        snapshot.generation = from.at("generation");
        snapshot.boot = from.at("boot");
        snapshot.written = Milliseconds(from.at("written_ms").get<int64_t>());
        snapshot.nodes = from.at("nodes");
        for (const auto& [node, heard] : from.at("heard").items()) snapshot.heard[node] = heard_of(heard);
        for (const json& heard : from.at("unverified")) snapshot.unverified.push_back(heard_of(heard));
        snapshot.dropped = from.at("dropped");
        return snapshot;
    } catch (const json::exception& error) {
        return fail("it is no snapshot of reports: {}", error.what());
    }
}

Result<Snapshot> load_snapshot(const std::filesystem::path& file) {
    auto snapshot = snapshot_of(TRY(read_file(file)));
    if (!snapshot) return Failure(snapshot.error().context(file.string()));
    return snapshot;
}

}  // namespace pando::report
