// SPDX-License-Identifier: GPL-2.0-or-later
#include "cdsl/inventory.h"

#include "base/number.h"
#include "cdsl/beneath.h"
#include "cdsl/layout.h"
#include "cdsl/rule_yaml.h"

#include <fcntl.h>
#include <algorithm>
#include <set>

namespace pando::cdsl {

namespace {

// Version 1 did not say who declared a rule, nor what is required.
void complete_old(Rule& rule) {
    const auto& builtin = builtin_policy();
    const auto known =
        std::find_if(builtin.begin(), builtin.end(), [&](const Rule& one) { return one.path == rule.path; });
    rule.declared = known == builtin.end() ? declared_cluster : declared_builtin;
    rule.required = known != builtin.end() && known->required;
}

Result<Inventory> inventory_from(const FlatDocument& document) {
    const std::string text = TRY(required_scalar(document.top, "version"));
    const auto version = whole_number<int>(text);
    if (!version || *version < 1 || *version > inventory_version)
        return bad_input("has version {}, this Pando reads version {}", text, inventory_version)
            .advise("use the Pando that wrote it, or a newer one");
    TRY(check_keys(document, {"version", "rules", "filesystems", "below"}));
    const auto* entries = document.list("rules");
    if (entries == nullptr) return bad_input("has no list of rules");
    Inventory inventory;
    std::set<std::pair<std::filesystem::path, std::string>> seen;
    for (const FlatMap& entry : *entries) {
        Rule rule = TRY(rule_from_yaml(entry));
        if (!seen.emplace(rule.path, rule.scope).second)
            return bad_input("line {}: {} with scope {} is there twice", entry.line, rule.path.string(), rule.scope);
        if (rule.declared.empty()) complete_old(rule);
        inventory.rules.push_back(std::move(rule));
    }
    if (document.top.find("filesystems") != nullptr) return bad_input("filesystems is no list");
    if (const auto* filesystems = document.list("filesystems"))
        for (const FlatMap& entry : *filesystems) {
            const std::string* path = entry.find("");
            if (path == nullptr) return bad_input("line {}: a filesystem is a path", entry.line);
            inventory.filesystems.push_back(TRY(checked_path(*path)));
        }
    if (document.top.find("below") != nullptr)
        inventory.below = TRY(checked_path(TRY(required_scalar(document.top, "below"))));
    return inventory;
}

}  // namespace

std::string inventory_text(const Inventory& inventory) {
    YAML::Emitter out;
    out << YAML::Comment(
               "What is context-dependent on this root, for all nodes. Do not edit: change cdsl: in cluster.yaml and\n"
               "run pando cdsl apply, or use pando cdsl create and delete.")
        << YAML::Newline << YAML::BeginMap << YAML::Key << "version" << YAML::Value << inventory_version << YAML::Key
        << "rules" << YAML::Value << YAML::BeginSeq;
    for (const Rule& rule : inventory.rules) write_rule(out, rule);
    out << YAML::EndSeq << YAML::Key << "filesystems" << YAML::Value << YAML::BeginSeq;
    for (const auto& path : inventory.filesystems) out << path.string();
    out << YAML::EndSeq;
    if (!inventory.below.empty()) out << YAML::Key << "below" << YAML::Value << inventory.below.string();
    out << YAML::EndMap;
    return std::string(out.c_str(), out.size()) + "\n";
}

bool is_newer_inventory(std::string_view text) {
    const auto document = read_flat_yaml(text.substr(0, inventory_limit));
    const std::string* version = document ? document->top.find("version") : nullptr;
    return version != nullptr && whole_number<int>(*version).value_or(0) > inventory_version;
}

Result<Inventory> parse_inventory(std::string_view text) {
    if (text.size() > inventory_limit) return bad_input("cdsl.yaml is longer than {} bytes", inventory_limit);
    const auto document = read_flat_yaml(text);
    auto inventory = document ? inventory_from(*document) : Result<Inventory>(Failure(document.error()));
    if (inventory) return inventory;
    Error error = inventory.error().context("cdsl.yaml");
    if (error.advice.empty()) error.advice = "pando cdsl repair finds the inventory again on disk";
    return Failure(error);
}

std::vector<Rule> leftovers(const std::vector<Rule>& policy, const Inventory& inventory) {
    std::set<std::filesystem::path> declared;
    for (const Rule& rule : policy) declared.insert(rule.path);
    std::vector<Rule> all = policy;
    for (const Rule& rule : inventory.rules)
        if (!declared.contains(rule.path)) all.push_back(rule);
    std::set<std::filesystem::path> make_sense;
    for (const Rule& rule : sensible(merged(all))) make_sense.insert(rule.path);
    std::vector<Rule> left;
    for (const Rule& rule : inventory.rules)
        if (!declared.contains(rule.path) && make_sense.contains(rule.path)) left.push_back(rule);
    return left;
}

Inventory inventory_for(const std::vector<Rule>& policy, const Inventory& before) {
    Inventory after{policy, before.filesystems, before.below};
    for (Rule& rule : leftovers(policy, before)) after.rules.push_back(std::move(rule));
    std::stable_sort(after.rules.begin(), after.rules.end(),
                     [](const Rule& a, const Rule& b) { return a.path < b.path; });
    return after;
}

config::Cluster cluster_on(const config::Cluster& cluster, const Inventory& inventory) {
    config::Cluster here = cluster;
    here.cdsl.clear();
    for (config::CdslRule rule : cluster.cdsl) {
        const std::filesystem::path path = std::filesystem::path(rule.path).lexically_normal();
        const auto& others = inventory.filesystems;
        if (std::any_of(others.begin(), others.end(), [&](const auto& other) { return is_below(path, other); }))
            continue;
        if (!inventory.below.empty()) {
            if (!is_below(path, inventory.below)) continue;
            rule.path = "/" + path.lexically_relative(inventory.below).string();
        }
        here.cdsl.push_back(std::move(rule));
    }
    return here;
}

const std::vector<Rule>& builtin_on(const Inventory& inventory) {
    static const std::vector<Rule> none;
    return inventory.below.empty() ? builtin_policy() : none;
}

Result<std::optional<Inventory>> read_inventory(int root) {
    const auto text = TRY(read_beneath(root, inventory_path, inventory_limit));
    if (!text) return std::nullopt;
    return TRY(parse_inventory(*text));
}

Result<std::optional<Inventory>> read_inventory_of(const std::filesystem::path& root) {
    const UniqueFd fd(open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!fd.valid()) return fail_errno(errno, "opening {}", root.string());
    return read_inventory(fd.get());
}

}  // namespace pando::cdsl
