// SPDX-License-Identifier: GPL-2.0-or-later
#include "cdsl/rule_yaml.h"

#include "base/number.h"
#include "base/printable.h"

#include <algorithm>

namespace pando::cdsl {

namespace {

template <typename Enum>
Result<Enum> named(const FlatMap& entry, const char* key, std::optional<Enum> (*lookup)(std::string_view),
                   Enum otherwise) {
    const std::string* name = entry.find(key);
    if (name == nullptr) return otherwise;
    const auto value = lookup(*name);
    if (!value) return bad_input("line {}: {} is no {}", entry.line, printable(*name), key);
    return *value;
}

std::string value_or(const FlatMap& entry, const char* key, const char* otherwise) {
    const std::string* value = entry.find(key);
    return value != nullptr ? *value : otherwise;
}

}  // namespace

Result<std::string> required_scalar(const FlatMap& map, const char* key) {
    const std::string* value = map.find(key);
    if (value == nullptr) return bad_input("line {}: {} is missing or not a single value", map.line, key);
    return *value;
}

Result<> check_keys(const FlatMap& map, const std::vector<std::string_view>& known) {
    for (const auto& [key, value] : map.values) {
        if (key.empty()) return bad_input("line {}: is a single value and no map", map.line);
        if (std::find(known.begin(), known.end(), key) == known.end())
            return bad_input("line {}: unknown key {}", map.line, printable(key));
    }
    return {};
}

Result<> check_keys(const FlatDocument& document, const std::vector<std::string_view>& known) {
    TRY(check_keys(document.top, known));
    for (const auto& [key, list] : document.lists)
        if (std::find(known.begin(), known.end(), key) == known.end())
            return bad_input("unknown key {}", printable(key));
    return {};
}

Result<Rule> rule_from_yaml(const FlatMap& entry) {
    TRY(check_keys(entry, {"path", "mode", "seed", "permissions", "scope", "when", "why", "required", "declared"}));
    Rule rule;
    rule.path = TRY(checked_path(TRY(required_scalar(entry, "path"))));
    const std::string mode = TRY(required_scalar(entry, "mode"));
    if (!mode_named(mode)) return bad_input("line {}: {} is no mode", entry.line, printable(mode));
    rule.mode = *mode_named(mode);
    const bool has_content = rule.mode == Mode::bind || rule.mode == Mode::link;
    rule.seed = TRY(named<Seed>(entry, "seed", seed_named, has_content ? Seed::copy : Seed::empty));
    rule.when = TRY(named<When>(entry, "when", when_named, When::always));
    rule.scope = value_or(entry, "scope", "all");
    rule.why = value_or(entry, "why", "");
    rule.declared = value_or(entry, "declared", "");
    const std::string required = value_or(entry, "required", "false");
    if (required != "true" && required != "false")
        return bad_input("line {}: required is true or false, not {}", entry.line, printable(required));
    rule.required = required == "true";
    const std::string octal = value_or(entry, "permissions", rule.mode == Mode::link ? "0644" : "0755");
    const auto permissions = whole_number<uint32_t>(octal, 8);
    if (!permissions || *permissions > 07777)
        return bad_input("line {}: {} are no octal permissions", entry.line, printable(octal));
    rule.permissions = *permissions;
    return rule;
}

void write_rule(YAML::Emitter& out, const Rule& rule) {
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
    out << YAML::Key << "required" << YAML::Value << rule.required;
    field("declared", rule.declared);
    field("why", rule.why);
    out << YAML::EndMap;
}

}  // namespace pando::cdsl
