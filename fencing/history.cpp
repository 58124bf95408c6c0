// SPDX-License-Identifier: GPL-2.0-or-later
#include "fencing/history.h"

#include "base/fd.h"
#include "base/file.h"
#include "base/utc.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <nlohmann/json.hpp>
#include <set>

namespace pando::fencing {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr size_t says_limit = 300;  // bytes; agents may quote whole pages

std::string shortened(const std::string& text) {
    return text.size() <= says_limit ? text : text.substr(0, says_limit) + "…";
}

double rounded(double seconds) { return static_cast<double>(static_cast<int64_t>(seconds * 100 + 0.5)) / 100; }

template <typename T>
T value_of(const Json& json, const char* key, T otherwise) {
    const auto it = json.find(key);
    if (it == json.end()) return otherwise;
    if constexpr (std::is_same_v<T, std::string>)
        return it->is_string() ? it->template get<T>() : otherwise;
    else if constexpr (std::is_same_v<T, bool>)
        return it->is_boolean() ? it->template get<T>() : otherwise;
    else
        return it->is_number() ? it->template get<T>() : otherwise;
}

fs::path older(const fs::path& file) { return file.string() + ".1"; }

// Ends a line that a power cut tore, so that the next is whole.
Result<> mend_end(int fd) {
    struct stat status {};
    char last = '\n';
    if (fstat(fd, &status) == 0 && status.st_size > 0 && pread(fd, &last, 1, status.st_size - 1) == 1 && last != '\n')
        return write_all(fd, "\n");
    return {};
}

std::string verb_of(const Record& record) {
    if (record.kind == "confirm") return "was confirmed to be off";
    if (record.kind == "unfence") return record.ok ? "was given its storage back" : "got no storage back";
    if (record.kind == "power") return "is off and was not switched on again";
    if (record.kind == "test") return record.ok ? "answers again" : "does not answer as it should";
    return record.ok ? "was fenced" : "was NOT fenced";
}

}  // namespace

std::string to_line(const Record& record) {
    Json json = {{"when", record.when.empty() ? utc_now() : record.when},
                 {"kind", record.kind},
                 {"node", record.node},
                 {"id", record.id},
                 {"here", record.here},
                 {"by", record.by},
                 {"ok", record.ok}};
    if (!record.reason.empty()) json["reason"] = shortened(record.reason);
    if (!record.device.empty()) json["device"] = record.device;
    if (!record.says.empty()) json["says"] = shortened(record.says);
    json["seconds"] = rounded(record.seconds);
    json["attempts"] = Json::array();
    for (const Attempt& attempt : record.attempts)
        json["attempts"].push_back({{"device", attempt.device},
                                    {"action", attempt.action},
                                    {"ok", attempt.ok},
                                    {"says", shortened(attempt.says)},
                                    {"seconds", rounded(attempt.seconds)}});
    // Agents say what they like, in any encoding.
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<Record> record_of(std::string_view line) {
    const auto json = Json::parse(line, nullptr, false);
    if (!json.is_object()) return std::nullopt;
    Record record;
    record.when = value_of(json, "when", std::string());
    record.kind = value_of(json, "kind", std::string());
    record.node = value_of(json, "node", std::string());
    record.id = value_of(json, "id", uint32_t{0});
    record.here = value_of(json, "here", std::string());
    record.by = value_of(json, "by", std::string());
    record.reason = value_of(json, "reason", std::string());
    record.ok = value_of(json, "ok", false);
    record.device = value_of(json, "device", std::string());
    record.says = value_of(json, "says", std::string());
    record.seconds = value_of(json, "seconds", 0.0);
    if (record.when.empty() || record.kind.empty()) return std::nullopt;
    if (const auto attempts = json.find("attempts"); attempts != json.end() && attempts->is_array())
        for (const Json& one : *attempts)
            if (one.is_object())
                record.attempts.push_back({value_of(one, "device", std::string()),
                                           value_of(one, "action", std::string()), value_of(one, "ok", false),
                                           value_of(one, "says", std::string()), value_of(one, "seconds", 0.0)});
    return record;
}

std::string to_text(const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines) {
        const auto record = record_of(line);
        if (!record) continue;
        const std::string who =
            record->kind == "test" ? fmt::format("{} of {}", record->device, record->node) : record->node;
        text += fmt::format("{} {} {}", record->when, who, verb_of(*record));
        if (record->ok && record->kind == "fence") text += " by " + record->device;
        if (record->kind != "confirm" && record->kind != "test") text += fmt::format(" in {:.1f} s", record->seconds);
        if (!record->says.empty()) text += ": " + record->says;
        text += fmt::format(" (on {}, asked by {}", record->here, record->by);
        text += record->reason.empty() ? ")\n" : fmt::format(": {})\n", record->reason);
        for (const Attempt& attempt : record->attempts)
            text += fmt::format("    {} {}: {}{} in {:.1f} s\n", attempt.device, attempt.action,
                                attempt.ok ? "ok" : "failed", attempt.says.empty() ? "" : ", " + attempt.says,
                                attempt.seconds);
    }
    return text;
}

fs::path history_file(const fs::path& chroot) { return chroot / "var/log/pando-fence.jsonl"; }

Result<> append_lines(const fs::path& file, const std::vector<std::string>& lines, size_t limit) {
    if (lines.empty()) return {};
    std::error_code ec;
    const auto size = fs::file_size(file, ec);
    if (!ec && size >= limit) fs::rename(file, older(file), ec);
    const UniqueFd fd(open(file.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    if (!fd.valid()) return fail_errno(errno, "opening {}", file.string());
    TRY(mend_end(fd.get()));
    std::string text;
    for (const std::string& line : lines) text += line + "\n";
    return write_all(fd.get(), text);  // at once: several processes append here
}

Result<> append_record(const fs::path& file, const Record& record) {
    return append_lines(file, {to_line(record)}, memory_limit);
}

std::vector<std::string> read_lines(const fs::path& file) {
    std::vector<std::string> lines;
    for (const fs::path& part : {older(file), file}) {
        const std::string text = read_file(part).value_or("");
        size_t begin = 0;
        for (size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', begin)) {
            std::string line = text.substr(begin, end - begin);
            begin = end + 1;
            if (record_of(line)) lines.push_back(std::move(line));
        }
    }
    return lines;
}

Result<size_t> take_over_lines(const fs::path& from, const fs::path& to) {
    const auto there = read_lines(to);
    const std::set<std::string_view> known(there.begin(), there.end());
    std::vector<std::string> fresh;
    for (std::string& line : read_lines(from))
        if (!known.contains(line)) fresh.push_back(std::move(line));
    TRY(append_lines(to, fresh, disk_limit));
    return fresh.size();
}

}  // namespace pando::fencing
