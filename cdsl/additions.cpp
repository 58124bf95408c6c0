// SPDX-License-Identifier: GPL-2.0-or-later
#include "cdsl/additions.h"

#include "base/number.h"
#include "cdsl/beneath.h"
#include "cdsl/inventory.h"
#include "cdsl/layout.h"
#include "cdsl/rule_yaml.h"

#include <fcntl.h>
#include <set>

namespace pando::cdsl {

namespace {

bool is_scope(std::string_view scope) {
    return scope == "all" || (scope.starts_with("profile:") && scope.size() > 8) ||
           (scope.starts_with("node:") && scope.size() > 5);
}

Result<std::vector<Rule>> additions_from(const FlatDocument& document) {
    const std::string version = TRY(required_scalar(document.top, "version"));
    if (version != std::to_string(additions_version))
        return bad_input("has version {}, this Pando reads version {}", version, additions_version)
            .advise("use the Pando that wrote it, or a newer one");
    TRY(check_keys(document, {"version", "cdsl"}));
    const auto* entries = document.list("cdsl");
    if (entries == nullptr) return bad_input("has no list cdsl");
    std::vector<Rule> rules;
    std::set<std::pair<std::filesystem::path, std::string>> seen;
    for (const FlatMap& entry : *entries) {
        Rule rule = TRY(rule_from_yaml(entry));
        const size_t line = entry.line;
        rule.declared = declared_root;
        if (!is_scope(rule.scope))
            return bad_input("line {}: scope {} is not known", line, rule.scope)
                .advise("all, profile:NAME or node:NAME");
        if (rule.mode == Mode::link && rule.scope != "all")
            return bad_input("line {}: {} is a link, which is there for every node, not only {}", line,
                             rule.path.string(), rule.scope);
        if (!seen.emplace(rule.path, rule.scope).second)
            return bad_input("line {}: {} with scope {} is there twice", line, rule.path.string(), rule.scope);
        rules.push_back(std::move(rule));
    }
    return rules;
}

}  // namespace

std::string additions_text(const std::vector<Rule>& rules) {
    YAML::Emitter out;
    out << YAML::Comment(
               "Rules that pando cdsl create declared on this root, beside cdsl: in cluster.yaml. Where both have a\n"
               "path and scope, cluster.yaml's holds. pando cdsl delete takes one out again.")
        << YAML::Newline << YAML::BeginMap << YAML::Key << "version" << YAML::Value << additions_version << YAML::Key
        << "cdsl" << YAML::Value << YAML::BeginSeq;
    for (const Rule& rule : rules) write_rule(out, rule);
    out << YAML::EndSeq << YAML::EndMap;
    return std::string(out.c_str(), out.size()) + "\n";
}

Result<std::vector<Rule>> parse_additions(std::string_view text) {
    if (text.size() > inventory_limit) return bad_input("policy.yaml is longer than {} bytes", inventory_limit);
    const auto document = read_flat_yaml(text);
    if (!document) {
        Error error = document.error().context("policy.yaml");
        error.advice = "mend the file by hand, or move it away";
        return Failure(error);
    }
    auto rules = additions_from(*document);
    if (!rules) return Failure(rules.error().context("policy.yaml"));
    return rules;
}

Result<std::vector<Rule>> read_additions(int root) {
    const auto text = TRY(read_beneath(root, additions_path, inventory_limit));
    return text ? TRY(parse_additions(*text)) : std::vector<Rule>{};
}

Result<std::vector<Rule>> read_additions_of(const std::filesystem::path& root) {
    const UniqueFd fd(open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!fd.valid()) return fail_errno(errno, "opening {}", root.string());
    return read_additions(fd.get());
}

}  // namespace pando::cdsl
