// SPDX-License-Identifier: GPL-2.0-or-later
#include "cdsl/observed.h"

#include "base/number.h"
#include "cdsl/beneath.h"
#include "cdsl/flat_yaml.h"
#include "cdsl/layout.h"
#include "cdsl/rule_yaml.h"

#include <fcntl.h>
#include <algorithm>
#include <iterator>
#include <map>

namespace pando::cdsl {
namespace fs = std::filesystem;

namespace {

constexpr int observed_version = 1;
constexpr size_t observed_limit = 4U << 20U;  // bytes
constexpr const char* suffix = ".yaml";

Result<int64_t> number(const FlatMap& map, const char* key) {
    const auto value = whole_number<int64_t>(TRY(required_scalar(map, key)));
    if (!value || *value < 0) return bad_input("line {}: {} is no number", map.line, key);
    return *value;
}

// Program names as the kernel has them may hold anything; a comma would look like two.
std::string joined(const std::set<std::string>& programs) {
    std::string text;
    for (const std::string& program : programs) text += (text.empty() ? "" : ",") + program;
    return text;
}

std::set<std::string> split(const std::string& text) {
    std::set<std::string> programs;
    for (size_t begin = 0; begin < text.size();) {
        const size_t end = std::min(text.find(',', begin), text.size());
        if (end > begin) programs.insert(text.substr(begin, end - begin));
        begin = end + 1;
    }
    return programs;
}

Result<ObservedFile> file_from(const FlatMap& entry) {
    TRY(check_keys(entry, {"path", "writes", "programs", "elsewhere"}));
    ObservedFile file;
    file.path = TRY(checked_path(TRY(required_scalar(entry, "path"))));
    file.writes = static_cast<uint64_t>(TRY(number(entry, "writes")));
    file.programs = split(TRY(required_scalar(entry, "programs")));
    file.elsewhere = TRY(required_scalar(entry, "elsewhere")) == "true";
    return file;
}

// A service's state in /var/lib/NAME goes with its directory; a single file of /etc or of a directory that is many
// programs' goes alone.
Rule proposal_for(const fs::path& path) {
    Rule rule;
    const fs::path relative = path.relative_path();
    if (*relative.begin() == "var" && std::distance(relative.begin(), relative.end()) > 3) {
        auto part = relative.begin();
        fs::path directory = "/" / *part++;
        directory /= *part++;
        directory /= *part;
        rule.path = directory;
        rule.mode = Mode::bind;
    } else {
        rule.path = path;
        rule.mode = Mode::link;
        rule.permissions = 0644;
    }
    rule.seed = Seed::copy;
    return rule;
}

}  // namespace

std::string observed_text(const Observed& observed) {
    YAML::Emitter out;
    const auto field = [&](const char* key, const std::string& value) {
        out << YAML::Key << key << YAML::Value << value;
    };
    out << YAML::Comment("Shared files that this node wrote while pando cdsl conflicts watched.") << YAML::Newline
        << YAML::BeginMap << YAML::Key << "version" << YAML::Value << observed_version;
    field("node", observed.node);
    out << YAML::Key << "begin" << YAML::Value << observed.begin << YAML::Key << "end" << YAML::Value << observed.end
        << YAML::Key << "files" << YAML::Value << YAML::BeginSeq;
    for (const ObservedFile& file : observed.files) {
        out << YAML::BeginMap;
        field("path", file.path.string());
        out << YAML::Key << "writes" << YAML::Value << file.writes;
        field("programs", joined(file.programs));
        out << YAML::Key << "elsewhere" << YAML::Value << file.elsewhere << YAML::EndMap;
    }
    out << YAML::EndSeq << YAML::EndMap;
    return std::string(out.c_str(), out.size()) + "\n";
}

Result<Observed> parse_observed(std::string_view text) {
    if (text.size() > observed_limit) return bad_input("is longer than {} bytes", observed_limit);
    const auto document = TRY(read_flat_yaml(text));
    const std::string version = TRY(required_scalar(document.top, "version"));
    if (version != std::to_string(observed_version))
        return bad_input("has version {}, this Pando reads version {}", version, observed_version);
    TRY(check_keys(document, {"version", "node", "begin", "end", "files"}));
    Observed observed;
    observed.node = TRY(required_scalar(document.top, "node"));
    observed.begin = TRY(number(document.top, "begin"));
    observed.end = TRY(number(document.top, "end"));
    const auto* files = document.list("files");
    if (files == nullptr) return bad_input("has no list of files");
    for (const FlatMap& entry : *files) observed.files.push_back(TRY(file_from(entry)));
    return observed;
}

Result<> write_observed(int root, const Observed& observed) {
    const auto directory = TRY(ensure_directory(root, observed_directory, 0700));
    return replace_file(directory.get(), observed.node + suffix, observed_text(observed), 0600, observed.node);
}

Result<std::vector<Observed>> read_observed(int root, int64_t since) {
    std::vector<Observed> all;
    const auto directory = open_beneath(root, observed_directory, O_PATH | O_DIRECTORY);
    if (!directory && directory.error().sys == ENOENT) return all;
    if (!directory) return Failure(directory.error());
    for (const std::string& name : TRY(names_in(directory->get()))) {
        if (name.starts_with('.') || !name.ends_with(suffix)) continue;
        const auto text = TRY(read_beneath(directory->get(), name, observed_limit));
        if (!text) continue;
        auto observed = parse_observed(*text);
        if (!observed) {
            Error error = observed.error().context(fmt::format("/{}/{}", observed_directory, name));
            error.advice = "remove it, and watch that node again";
            return Failure(error);
        }
        if (observed->end >= since) all.push_back(std::move(*observed));
    }
    return all;
}

std::vector<Conflict> conflicts_in(const std::vector<Observed>& observed) {
    std::map<fs::path, Conflict> by_path;
    std::set<fs::path> elsewhere;
    for (const Observed& one : observed)
        for (const ObservedFile& file : one.files) {
            Conflict& conflict = by_path[file.path];
            conflict.nodes.push_back(one.node);
            conflict.writes += file.writes;
            conflict.programs.insert(file.programs.begin(), file.programs.end());
            if (file.elsewhere) elsewhere.insert(file.path);
        }
    std::vector<Conflict> conflicts;
    for (auto& [path, conflict] : by_path) {
        // What changed elsewhere is explained when another node has recorded that it wrote.
        conflict.unknown = conflict.nodes.size() == 1 && elsewhere.contains(path);
        if (conflict.nodes.size() < 2 && !conflict.unknown) continue;
        conflict.path = path;
        conflict.proposal = proposal_for(path);
        conflicts.push_back(std::move(conflict));
    }
    std::stable_sort(conflicts.begin(), conflicts.end(),
                     [](const Conflict& a, const Conflict& b) { return a.writes > b.writes; });
    return conflicts;
}

}  // namespace pando::cdsl
