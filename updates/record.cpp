// SPDX-License-Identifier: GPL-2.0-or-later
#include "updates/record.h"

#include "base/fd.h"
#include "base/file.h"
#include "base/number.h"
#include "cdsl/lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace pando::updates {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr std::array states = {"running", "done", "failed", "interrupted"};
constexpr size_t record_limit = 4U << 20U;  // bytes

Result<bool> is_at_work(const fs::path& root) {
    const UniqueFd view(open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!view.valid()) return fail_errno(errno, "opening {}", root.string());
    return TRY(cdsl::ChangeLock::held_by(view.get(), cdsl::package_changes)).has_value();
}

}  // namespace

std::string to_string(Record::State state) { return states[static_cast<size_t>(state)]; }

std::string to_json(const Record& record) {
    Json json = {{"number", record.number}, {"node", record.node}, {"command", record.command},
                 {"begin", record.begin},   {"end", record.end},   {"state", to_string(record.state)},
                 {"status", record.status}};
    json["packages"] = Json::array();
    for (const PackageChange& one : record.packages)
        json["packages"].push_back({{"name", one.name}, {"before", one.before}, {"after", one.after}});
    json["files"] = record.files;
    return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<Record> parse_record(std::string_view text, const std::string& file) {
    const auto json = Json::parse(text, nullptr, false);
    const auto bad = [&] {
        return bad_input("{}: no record of a change", file).advise("it was damaged: move its directory away");
    };
    if (!json.is_object()) return bad();
    Record record;
    // nlohmann's own errors are exceptions: a value of another type is one.
    try {
        record.number = json.at("number").get<unsigned>();
        record.node = json.at("node").get<std::string>();
        record.command = json.at("command").get<std::string>();
        record.begin = json.at("begin").get<std::string>();
        record.end = json.at("end").get<std::string>();
        record.status = json.at("status").get<int>();
        const auto state = std::find(states.begin(), states.end(), json.at("state").get<std::string>());
        if (state == states.end()) return bad();
        record.state = static_cast<Record::State>(state - states.begin());
        for (const Json& one : json.at("packages"))
            record.packages.push_back({one.at("name").get<std::string>(), one.at("before").get<std::string>(),
                                       one.at("after").get<std::string>()});
        record.files = json.at("files").get<std::vector<std::string>>();
    } catch (const Json::exception&) {
        return bad();
    }
    return record;
}

fs::path directory_of(const fs::path& root, unsigned number) {
    return root / fs::path(updates_directory).relative_path() / fmt::format("{:06}", number);
}

Result<std::vector<Record>> read_records(const fs::path& root) {
    std::vector<Record> records;
    const fs::path all = root / fs::path(updates_directory).relative_path();
    std::error_code ec;
    if (!fs::exists(all, ec)) return records;
    for (const std::string& name : TRY(list_directory(all))) {
        const fs::path file = all / name / "change.json";
        if (!whole_number<unsigned>(name) || !fs::exists(file, ec)) continue;
        records.push_back(TRY(parse_record(TRY(read_file(file, record_limit)), file.string())));
    }
    if (!records.empty() && records.back().state == Record::State::running && !TRY(is_at_work(root)))
        records.back().state = Record::State::interrupted;
    return records;
}

}  // namespace pando::updates
