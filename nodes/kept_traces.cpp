// SPDX-License-Identifier: GPL-2.0-or-later
#include "nodes/kept_traces.h"

#include "base/file.h"
#include "base/number.h"
#include "base/process.h"
#include "cdsl/layout.h"
#include "initrd/last_end.h"

#include <algorithm>
#include <ctime>
#include <nlohmann/json.hpp>

namespace pando::nodes {
namespace {

namespace fs = std::filesystem;

constexpr size_t log_limit = 1U << 20U;  // bytes
constexpr auto journal_patience = std::chrono::seconds(20);

// What the node itself has at `path`.
fs::path own(const fs::path& root, const std::string& node, const fs::path& path) {
    return root / fs::path(cdsl::nodes_directory).relative_path() / node / path.relative_path();
}

// "end-20261123T133036Z.log"; 0: none of ours
int64_t time_of(const std::string& name) {
    std::tm parts{};
    const char* rest = strptime(name.c_str(), "end-%Y%m%dT%H%M%SZ.log", &parts);
    return rest == nullptr || *rest != '\0' ? 0 : static_cast<int64_t>(timegm(&parts)) * 1000;
}

std::string text_of(const nlohmann::json& entry, const char* key) {
    const auto it = entry.find(key);
    return it != entry.end() && it->is_string() ? it->get<std::string>() : std::string();
}

}  // namespace

Result<std::vector<std::string>> fence_history_of_all(const fs::path& root) {
    std::vector<std::string> lines;
    for (const std::string& node : TRY(list_directory(root / fs::path(cdsl::nodes_directory).relative_path()))) {
        auto more = fencing::read_lines(own(root, node, initrd::kept_ends) / "fence.jsonl");
        std::move(more.begin(), more.end(), std::back_inserter(lines));
    }
    std::stable_sort(lines.begin(), lines.end());  // a line begins with its time
    return lines;
}

std::vector<LeftLog> left_logs_of(const fs::path& root, const std::string& node) {
    std::vector<LeftLog> logs;
    const fs::path directory = own(root, node, initrd::kept_ends);
    auto names = list_directory(directory).value_or(std::vector<std::string>());
    std::sort(names.begin(), names.end());
    for (const std::string& name : names) {
        const int64_t at = time_of(name);
        const auto text = read_file(directory / name, log_limit);
        if (at != 0 && text) logs.push_back({at, text->substr(0, text->find('\n'))});
    }
    return logs;
}

std::vector<Sight> last_words_of(const fs::path& root, const std::string& node, int64_t until, unsigned lines) {
    const fs::path directory = own(root, node, "/var/log/journal");
    std::error_code ec;
    if (!fs::is_directory(directory, ec)) return {};
    const auto said =
        run({.argv = {"journalctl", "--quiet", "--directory", directory.string(), "--output", "json", "--until",
                      fmt::format("@{}.{:03}", until / 1000, until % 1000), "--lines", std::to_string(lines)},
             .deadline = Deadline::after(journal_patience)});
    std::vector<Sight> words;
    if (!said || !said->ok()) return words;
    std::string_view rest = said->out;
    while (!rest.empty()) {
        const size_t end = std::min(rest.find('\n'), rest.size());
        const auto entry = nlohmann::json::parse(rest.substr(0, end), nullptr, false);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (!entry.is_object()) continue;
        const auto microseconds = whole_number<int64_t>(text_of(entry, "__REALTIME_TIMESTAMP"));
        const std::string text = text_of(entry, "MESSAGE"), who = text_of(entry, "SYSLOG_IDENTIFIER");
        if (microseconds && !text.empty())
            words.push_back(
                {*microseconds / 1000, node, who.empty() ? "journal" : who, text.substr(0, text.find('\n'))});
    }
    return words;
}

}  // namespace pando::nodes
