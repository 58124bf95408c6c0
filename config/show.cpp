// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/show.h"

#include "config/schema.h"

#include <yaml-cpp/emitter.h>

namespace pando::config {

namespace {

void emit(YAML::Emitter& out, const Json& value) {
    if (value.is_object()) {
        out << YAML::BeginMap;
        for (const auto& [key, item] : value.items()) {
            out << YAML::Key << key << YAML::Value;
            emit(out, item);
        }
        out << YAML::EndMap;
    } else if (value.is_array()) {
        if (value.empty()) out << YAML::Flow;  // "[]": a block list without items is no list
        out << YAML::BeginSeq;
        for (const auto& item : value) emit(out, item);
        out << YAML::EndSeq;
    } else if (value.is_boolean()) {
        out << value.get<bool>();
    } else if (value.is_number()) {
        out << value.get<uint64_t>();
    } else {
        out << value.get<std::string>();
    }
}

// A table per group of keys; groups inside it follow it.
void describe_group(std::string& out, const std::string& path, const std::vector<Description>& rows) {
    if (!path.empty()) out += fmt::format("\n### {}\n", path);
    out += "\n| key | type | default | meaning |\n|---|---|---|---|\n";
    for (const auto& row : rows) {
        const std::string fallback = row.required ? "required" : row.fallback.empty() ? "-" : "`" + row.fallback + "`";
        out += fmt::format("| `{}` | {} | {} | {} |\n", row.key, row.type, fallback, row.help);
    }
    for (const auto& row : rows) {
        if (row.below.empty()) continue;
        const std::string suffix = row.type == "list" ? "[]" : row.type.ends_with(": keys") ? ".NAME" : "";
        describe_group(out, (path.empty() ? "" : path + ".") + row.key + suffix, row.below);
    }
}

}  // namespace

nlohmann::ordered_json show_json(const Cluster& cluster) { return show_mapping(cluster_table(), cluster); }

std::string show_yaml(const Cluster& cluster) {
    YAML::Emitter out;
    emit(out, show_json(cluster));
    return std::string(out.c_str()) + "\n";
}

std::string reference() {
    std::string out;
    describe_group(out, "", describe(cluster_table()));
    return out;
}

}  // namespace pando::config
