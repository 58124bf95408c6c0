// SPDX-License-Identifier: GPL-2.0-or-later
#include "cdsl/rule_yaml.h"

#include "base/number.h"

#include <algorithm>

namespace pando::cdsl {

namespace {

Result<std::optional<std::string>> scalar(const YAML::Node& map, const char* key) {
    const YAML::Node value = map[key];
    if (!value) return std::nullopt;
    if (!value.IsScalar()) return bad_input("line {}: {} is not a single value", map.Mark().line + 1, key);
    return value.as<std::string>();
}

template <typename Enum>
Result<Enum> named(const YAML::Node& entry, const char* key, std::optional<Enum> (*lookup)(std::string_view),
                   Enum otherwise) {
    const auto name = TRY(scalar(entry, key));
    if (!name) return otherwise;
    const auto value = lookup(*name);
    if (!value) return bad_input("line {}: {} is no {}", entry.Mark().line + 1, *name, key);
    return *value;
}

}  // namespace

Result<std::string> required_scalar(const YAML::Node& map, const char* key) {
    const auto value = TRY(scalar(map, key));
    if (!value) return bad_input("line {}: {} is missing or not a single value", map.Mark().line + 1, key);
    return *value;
}

Result<> check_keys(const YAML::Node& map, const std::vector<std::string_view>& known) {
    for (const auto& pair : map) {
        const auto key = pair.first.as<std::string>();
        if (std::find(known.begin(), known.end(), key) == known.end())
            return bad_input("line {}: unknown key {}", pair.first.Mark().line + 1, key);
    }
    return {};
}

Result<Rule> rule_from_yaml(const YAML::Node& entry) {
    if (!entry.IsMap()) return bad_input("line {}: a rule is a map", entry.Mark().line + 1);
    TRY(check_keys(entry, {"path", "mode", "seed", "permissions", "scope", "when", "why", "required", "declared"}));
    Rule rule;
    rule.path = TRY(checked_path(TRY(required_scalar(entry, "path"))));
    const std::string mode = TRY(required_scalar(entry, "mode"));
    if (!mode_named(mode)) return bad_input("line {}: {} is no mode", entry.Mark().line + 1, mode);
    rule.mode = *mode_named(mode);
    const bool has_content = rule.mode == Mode::bind || rule.mode == Mode::link;
    rule.seed = TRY(named<Seed>(entry, "seed", seed_named, has_content ? Seed::copy : Seed::empty));
    rule.when = TRY(named<When>(entry, "when", when_named, When::always));
    rule.scope = TRY(scalar(entry, "scope")).value_or("all");
    rule.why = TRY(scalar(entry, "why")).value_or("");
    rule.declared = TRY(scalar(entry, "declared")).value_or("");
    const std::string required = TRY(scalar(entry, "required")).value_or("false");
    if (required != "true" && required != "false")
        return bad_input("line {}: required is true or false, not {}", entry.Mark().line + 1, required);
    rule.required = required == "true";
    const std::string octal = TRY(scalar(entry, "permissions")).value_or(rule.mode == Mode::link ? "0644" : "0755");
    const auto permissions = whole_number<uint32_t>(octal, 8);
    if (!permissions || *permissions > 07777)
        return bad_input("line {}: {} are no octal permissions", entry.Mark().line + 1, octal);
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
