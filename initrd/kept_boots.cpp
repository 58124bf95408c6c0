// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/kept_boots.h"

#include "base/file.h"
#include "base/number.h"
#include "base/utc.h"
#include "initrd/machine_record.h"

#include <sys/utsname.h>
#include <unistd.h>
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

namespace pando::initrd {
namespace {

namespace fs = std::filesystem;

constexpr const char* generation_file = "/run/pando/generation";
constexpr size_t records_most = 200;
constexpr uint64_t highest_number = 999'999'999;  // what is beyond was not counted up to
constexpr size_t file_limit = 4U << 20U;          // bytes
constexpr double longest_boot = 30 * 86400;       // seconds; what is beyond is no boot

struct Name {
    uint64_t number = 0;
    std::string boot;
    std::string file;
};

// "000017-4f1c….json"; nothing: none of ours
std::optional<Name> name_of(const std::string& file) {
    constexpr std::string_view ending = ".json";
    const size_t dash = file.find('-');
    if (!file.ends_with(ending) || dash == std::string::npos) return std::nullopt;
    const auto number = whole_number<uint64_t>(std::string_view(file).substr(0, dash));
    if (!number || *number > highest_number) return std::nullopt;
    return Name{*number, file.substr(dash + 1, file.size() - dash - 1 - ending.size()), file};
}

std::vector<Name> names_in(const fs::path& directory) {
    std::vector<Name> names;
    for (const std::string& file : list_directory(directory).value_or(std::vector<std::string>()))
        if (auto name = name_of(file)) names.push_back(std::move(*name));
    std::sort(names.begin(), names.end(), [](const Name& a, const Name& b) { return a.number < b.number; });
    return names;
}

Result<KeptBoot> read_kept(const fs::path& file, uint64_t number) {
    const std::string text = TRY(read_file(file, file_limit));
    KeptBoot kept{number, {}, TRY(Timeline::load(file))};
    try {
        const auto json = nlohmann::json::parse(text);
        kept.which = {json.at("boot"), json.at("when"), json.at("kernel"), json.at("generation")};
    } catch (const nlohmann::json::exception& error) {
        return fail("{} does not say which boot it was: {}", file.string(), error.what());
    }
    if (kept.timeline.stages.empty()) return fail("{} has no stages", file.string());
    for (StageRecord& record : kept.timeline.stages) {
        if (record.result == "running") record.end = std::max(record.end, record.start);
        if (!(record.start >= 0 && record.end >= record.start && record.end <= longest_boot))
            return fail("{}: stage {} is said to be from {} s to {} s", file.string(), record.name, record.start,
                        record.end);
    }
    return kept;
}

Result<> forget_oldest(const fs::path& directory) {
    const auto names = names_in(directory);
    for (size_t i = 0; i + kept_boots_most < names.size(); ++i)
        if (unlink((directory / names[i].file).c_str()) < 0 && errno != ENOENT)
            return fail_errno(errno, "removing {}", (directory / names[i].file).string());
    return {};
}

}  // namespace

WhichBoot this_boot() {
    utsname kernel{};
    uname(&kernel);
    const auto generation = read_line(generation_file);
    return {boot_id(), utc_now(), kernel.release,
            generation ? whole_number<uint64_t>(*generation).value_or(0) : uint64_t{0}};
}

std::vector<StageRecord> folded(const std::vector<StageRecord>& stages, size_t most) {
    if (stages.size() <= most) return stages;
    std::vector<StageRecord> fewer;
    for (const StageRecord& record : stages) {
        const bool again = !fewer.empty() && fewer.back().name == record.name && fewer.back().result == "failed" &&
                           record.result == "failed";
        if (!again) {
            fewer.push_back(record);
            continue;
        }
        const double start = fewer.back().start;
        fewer.back() = record;
        fewer.back().start = start;
    }
    return fewer;
}

Result<> keep_boot(const fs::path& directory, const Timeline& timeline, const WhichBoot& which) {
    TRY(make_directories(directory, 0750));
    const auto names = names_in(directory);
    if (std::any_of(names.begin(), names.end(), [&](const Name& name) { return name.boot == which.id; })) return {};
    auto rows = nlohmann::json::array();
    for (const StageRecord& r : folded(timeline.stages, records_most))
        rows.push_back({{"name", r.name},
                        {"start", r.start},
                        {"end", r.end},
                        {"result", r.result},
                        {"attempt", r.attempt},
                        {"detail", r.detail},
                        {"error", r.error},
                        {"advice", r.advice}});
    const nlohmann::json json = {{"version", 1},
                                 {"boot", which.id},
                                 {"when", which.when},
                                 {"kernel", which.kernel},
                                 {"generation", which.generation},
                                 {"node", timeline.node},
                                 {"cluster", timeline.cluster},
                                 {"state", timeline.state},
                                 {"stages", rows}};
    const uint64_t number = names.empty() ? 1 : names.back().number + 1;
    TRY(write_file_atomic(directory / fmt::format("{:06}-{}.json", number, which.id),
                          json.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n", 0640));
    return forget_oldest(directory);
}

KeptBoots read_kept_boots(const fs::path& directory) {
    KeptBoots kept;
    auto names = names_in(directory);
    if (names.size() > kept_boots_most)
        names.erase(names.begin(), names.end() - static_cast<std::ptrdiff_t>(kept_boots_most));
    for (const Name& name : names) {
        auto boot = read_kept(directory / name.file, name.number);
        if (boot)
            kept.boots.push_back(std::move(*boot));
        else
            kept.unreadable.push_back(boot.error().what);
    }
    return kept;
}

}  // namespace pando::initrd
