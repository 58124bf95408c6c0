// SPDX-License-Identifier: GPL-2.0-or-later
// The manifest as a value: its sizes, and its JSON (the form in which the image carries it).
#include "chroot-builder/manifest.h"

#include <nlohmann/json.hpp>

namespace pando::chroot {
namespace {

using nlohmann::json;

constexpr uint64_t page_size = 4096;
constexpr uint64_t inode_size = 1024;  // a tmpfs inode and its dentry, rounded up
constexpr int format_version = 2;

const char* name_of(Entry::Kind kind) {
    switch (kind) {
        case Entry::Kind::file:
            return "file";
        case Entry::Kind::directory:
            return "directory";
        case Entry::Kind::symlink:
            return "symlink";
    }
    return "";
}

Result<Entry::Kind> kind_of(const std::string& name) {
    for (auto kind : {Entry::Kind::file, Entry::Kind::directory, Entry::Kind::symlink})
        if (name == name_of(kind)) return kind;
    return bad_input("unknown kind \"{}\"", name);
}

json entry_to_json(const std::filesystem::path& path, const Entry& entry) {
    json why = json::array();
    for (const Reason& reason : entry.reasons) {
        why.push_back({{"relation", reason.relation}});
        if (!reason.by.empty()) why.back()["by"] = reason.by.string();
    }
    json row = {{"path", path.string()}, {"kind", name_of(entry.kind)}, {"why", std::move(why)}};
    if (entry.kind == Entry::Kind::symlink) {
        row["target"] = entry.target;
        return row;
    }
    row["mode"] = fmt::format("{:04o}", entry.mode);
    if (entry.kind == Entry::Kind::directory) return row;
    row["size"] = entry.size;
    row["sha256"] = entry.sha256;
    if (entry.content) row["content"] = *entry.content;
    if (!entry.source.empty()) row["source"] = entry.source.string();
    return row;
}

// A manifest comes from an image; still no path of it may lead out of the target.
Result<> check_path(const std::filesystem::path& path) {
    if (!path.is_absolute() || path.native() != path.lexically_normal().native() || !path.has_filename() ||
        path.native().find('\0') != std::string::npos)
        return bad_input("\"{}\" is not a plain absolute path", path.string());
    return {};
}

Result<Entry> entry_from_json(const json& row) {
    Entry entry;
    entry.kind = TRY(kind_of(row.at("kind").get<std::string>()));
    for (const json& reason : row.at("why"))
        entry.reasons.push_back({reason.at("relation").get<std::string>(), reason.value("by", std::string())});
    if (entry.kind == Entry::Kind::symlink) {
        entry.target = row.at("target").get<std::string>();
        return entry;
    }
    entry.mode = static_cast<uint32_t>(std::stoul(row.at("mode").get<std::string>(), nullptr, 8)) & 07777U;
    if (entry.kind == Entry::Kind::directory) return entry;
    entry.size = row.at("size").get<uint64_t>();
    entry.sha256 = row.at("sha256").get<std::string>();
    if (row.contains("content")) entry.content = row.at("content").get<std::string>();
    if (row.contains("source")) {
        entry.source = row.at("source").get<std::string>();
        TRY(check_path(entry.source));
    }
    return entry;
}

}  // namespace

uint64_t Manifest::bytes() const {
    uint64_t sum = 0;
    for (const auto& [path, entry] : entries) sum += entry.size;
    return sum;
}

uint64_t Manifest::resident_bytes() const {
    uint64_t sum = 0;
    for (const auto& [path, entry] : entries) sum += inode_size + (entry.size + page_size - 1) / page_size * page_size;
    return sum;
}

std::vector<std::filesystem::path> Manifest::sources() const {
    std::vector<std::filesystem::path> paths;
    for (const auto& [path, entry] : entries)
        if (entry.kind == Entry::Kind::file && !entry.content)
            paths.push_back(entry.source.empty() ? path : entry.source);
    return paths;
}

std::string Manifest::to_json() const {
    json rows = json::array();
    for (const auto& [path, entry] : entries) rows.push_back(entry_to_json(path, entry));
    // One entry a line: a manifest is also read by people, and compared with diff.
    std::string text = fmt::format("{{\"version\": {}, \"entries\": [\n", format_version);
    for (size_t i = 0; i < rows.size(); ++i) {
        text += rows[i].dump(-1, ' ', false, json::error_handler_t::replace);
        text += i + 1 < rows.size() ? ",\n" : "\n";
    }
    return text + "]}\n";
}

Result<Manifest> Manifest::from_json(std::string_view text) {
    try {
        const json document = json::parse(text);
        if (document.at("version") != format_version)
            return bad_input("manifest of version {}, expected {}", document.at("version").dump(), format_version)
                .advise("build the image again with this version of pando");
        Manifest manifest;
        for (const json& row : document.at("entries")) {
            const std::filesystem::path path = row.at("path").get<std::string>();
            TRY(check_path(path));
            manifest.entries[path] = TRY(entry_from_json(row));
        }
        return manifest;
    } catch (const std::exception& error) {  // nlohmann's own, and std::stoul's
        return bad_input("not a manifest: {}", error.what()).advise("build the image again");
    }
}

}  // namespace pando::chroot
