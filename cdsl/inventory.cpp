// SPDX-License-Identifier: GPL-2.0-or-later
#include "cdsl/inventory.h"

#include <yaml-cpp/yaml.h>
#include <algorithm>
#include <charconv>

namespace pando::cdsl {

namespace {

Result<std::string> scalar(const YAML::Node& entry, const char* key) {
    const YAML::Node value = entry[key];
    if (!value || !value.IsScalar())
        return bad_input("line {}: {} is missing or not a single value", entry.Mark().line + 1, key);
    return value.as<std::string>();
}

template <typename Enum>
Result<Enum> named(const YAML::Node& entry, const char* key, std::optional<Enum> (*lookup)(std::string_view)) {
    const std::string name = TRY(scalar(entry, key));
    const auto value = lookup(name);
    if (!value) return bad_input("line {}: {} is no {}", entry.Mark().line + 1, name, key);
    return *value;
}

Result<Rule> rule_from(const YAML::Node& entry) {
    if (!entry.IsMap()) return bad_input("line {}: a rule is a map", entry.Mark().line + 1);
    for (const auto& pair : entry) {
        const auto key = pair.first.as<std::string>();
        static const std::vector<std::string> known = {"path", "mode", "seed", "permissions", "scope", "when", "why"};
        if (std::find(known.begin(), known.end(), key) == known.end())
            return bad_input("line {}: unknown key {}", pair.first.Mark().line + 1, key);
    }
    Rule rule;
    rule.path = TRY(checked_path(TRY(scalar(entry, "path"))));
    rule.mode = TRY(named<Mode>(entry, "mode", mode_named));
    rule.seed = TRY(named<Seed>(entry, "seed", seed_named));
    rule.when = TRY(named<When>(entry, "when", when_named));
    rule.scope = TRY(scalar(entry, "scope"));
    rule.why = TRY(scalar(entry, "why"));
    const std::string octal = TRY(scalar(entry, "permissions"));
    const auto [end, error] = std::from_chars(octal.data(), octal.data() + octal.size(), rule.permissions, 8);
    if (error != std::errc{} || end != octal.data() + octal.size() || rule.permissions > 07777)
        return bad_input("line {}: {} are no octal permissions", entry.Mark().line + 1, octal);
    return rule;
}

Result<std::vector<Rule>> rules_from(const YAML::Node& document) {
    if (!document.IsMap()) return bad_input("is not a map");
    const std::string version = TRY(scalar(document, "version"));
    if (version != std::to_string(inventory_version))
        return bad_input("has version {}, this Pando reads version {}", version, inventory_version)
            .advise("use the Pando that wrote it, or a newer one");
    const YAML::Node entries = document["rules"];
    if (!entries || !entries.IsSequence()) return bad_input("has no list of rules");
    std::vector<Rule> rules;
    for (const auto& entry : entries) rules.push_back(TRY(rule_from(entry)));
    return rules;
}

}  // namespace

std::string inventory_text(const std::vector<Rule>& rules) {
    YAML::Emitter out;
    out << YAML::Comment(
               "What pando cdsl prepare made context-dependent on this root. Do not edit: change cdsl: in\n"
               "cluster.yaml and prepare again.")
        << YAML::Newline << YAML::BeginMap << YAML::Key << "version" << YAML::Value << inventory_version << YAML::Key
        << "rules" << YAML::Value << YAML::BeginSeq;
    for (const Rule& rule : rules) {
        out << YAML::BeginMap;
        const auto field = [&](const char* key, const std::string& value) {
            out << YAML::Key << key << YAML::Value << value;
        };
        field("path", rule.path.string());
        field("mode", std::string(name_of(rule.mode)));
        field("seed", std::string(name_of(rule.seed)));
        field("permissions", fmt::format("{:04o}", rule.permissions));
        field("scope", rule.scope);
        field("when", std::string(name_of(rule.when)));
        field("why", rule.why);
        out << YAML::EndMap;
    }
    out << YAML::EndSeq << YAML::EndMap;
    return std::string(out.c_str(), out.size()) + "\n";
}

bool is_newer_inventory(std::string_view text) {
    try {
        const YAML::Node document = YAML::Load(std::string(text.substr(0, inventory_limit)));
        return document.IsMap() && document["version"] && document["version"].as<int>() > inventory_version;
    } catch (const YAML::Exception&) {
        return false;
    }
}

Result<std::vector<Rule>> parse_inventory(std::string_view text) {
    // yaml-cpp has no bounds of its own.
    if (text.size() > inventory_limit) return bad_input("cdsl.yaml is longer than {} bytes", inventory_limit);
    try {
        auto rules = rules_from(YAML::Load(std::string(text)));
        if (!rules) return Failure(rules.error().context("cdsl.yaml"));
        return rules;
    } catch (const YAML::Exception& error) {
        return bad_input("cdsl.yaml: {}", error.what()).advise("run pando cdsl prepare: it writes the inventory anew");
    }
}

}  // namespace pando::cdsl
