// SPDX-License-Identifier: GPL-2.0-or-later
#include "cdsl/policy.h"

#include "base/number.h"

#include <algorithm>
#include <array>
#include <functional>
#include <map>

namespace pando::cdsl {
namespace fs = std::filesystem;

namespace {

template <typename Enum, size_t N>
using Names = std::array<std::pair<Enum, std::string_view>, N>;

constexpr Names<Mode, 4> mode_names{
    {{Mode::bind, "bind"}, {Mode::link, "link"}, {Mode::tmpfs, "tmpfs"}, {Mode::shared, "shared"}}};
constexpr Names<Seed, 2> seed_names{{{Seed::empty, "empty"}, {Seed::copy, "copy"}}};
constexpr Names<When, 2> when_names{{{When::always, "always"}, {When::present, "present"}}};

template <typename Enum, size_t N>
std::string_view name_in(const Names<Enum, N>& names, Enum value) {
    return std::find_if(names.begin(), names.end(), [&](const auto& row) { return row.first == value; })->second;
}

template <typename Enum, size_t N>
std::optional<Enum> value_in(const Names<Enum, N>& names, std::string_view name) {
    const auto row = std::find_if(names.begin(), names.end(), [&](const auto& r) { return r.second == name; });
    if (row == names.end()) return std::nullopt;
    return row->first;
}

constexpr size_t path_limit = 4095;  // PATH_MAX without its NUL
constexpr size_t name_limit = 255;   // NAME_MAX

// The kernel's own filesystems, and what Pando mounts from.
constexpr std::array<std::string_view, 5> reserved = {"/proc", "/sys", "/dev", "/run", "/.pando"};

// Whole sequences only; overlong forms and surrogates are left to the YAML reader.
bool is_utf8(std::string_view text) {
    for (size_t i = 0; i < text.size();) {
        const auto lead = static_cast<unsigned char>(text[i]);
        const size_t length = lead < 0x80 ? 1 : lead >> 5 == 6 ? 2 : lead >> 4 == 14 ? 3 : lead >> 3 == 30 ? 4 : 0;
        if (length == 0 || i + length > text.size()) return false;
        for (size_t k = 1; k < length; ++k)
            if ((static_cast<unsigned char>(text[i + k]) & 0xC0U) != 0x80) return false;
        i += length;
    }
    return true;
}

// For messages: a control character must not reach the terminal.
std::string printable(std::string_view text) {
    std::string shown;
    for (const char c : text.substr(0, 200)) {
        const auto byte = static_cast<unsigned char>(c);
        shown += byte < 0x20 || byte >= 0x7F ? fmt::format("\\x{:02x}", byte) : std::string(1, c);
    }
    return text.size() > 200 ? shown + "…" : shown;
}

// A narrower scope wins; then cluster.yaml over the root's additions, and both over the built-in policy.
int weight(const Rule& rule) {
    if (rule.declared == declared_builtin) return 0;
    const int scope = rule.scope == "all" ? 1 : rule.scope.starts_with("profile:") ? 2 : 3;
    return 2 * scope + (rule.declared == declared_cluster ? 1 : 0);
}

bool holds_for(const Rule& rule, std::string_view node, std::string_view profile) {
    return rule.scope == "all" || rule.scope == fmt::format("node:{}", node) ||
           (!profile.empty() && rule.scope == fmt::format("profile:{}", profile));
}

// What cluster.yaml says beyond path, mode and scope.
Result<> take_details(const config::CdslRule& given, Rule& rule) {
    const auto refuse = [&](const char* key, const std::string& value) {
        return bad_input("CDSL {}: {} {} is not known", rule.path.string(), key, printable(value));
    };
    if (given.seed) {
        const auto seed = seed_named(*given.seed);
        if (!seed) return refuse("seed", *given.seed).advise("copy or empty");
        rule.seed = *seed;
    }
    if (given.permissions) {
        const auto permissions = whole_number<uint32_t>(*given.permissions, 8);
        if (!permissions || *permissions > 07777)
            return bad_input("CDSL {}: {} are no octal permissions", rule.path.string(), printable(*given.permissions));
        rule.permissions = *permissions;
    }
    if (given.when) {
        const auto when = when_named(*given.when);
        if (!when) return refuse("when", *given.when).advise("always or present");
        rule.when = *when;
    }
    if (given.why) rule.why = *given.why;
    if (given.required) rule.required = *given.required;
    return {};
}

Result<Rule> rule_from(const config::Cluster& cluster, const config::CdslRule& given) {
    Rule rule;
    rule.path = TRY(checked_path(given.path));
    const auto mode = mode_named(given.mode);
    if (!mode)
        return bad_input("CDSL {}: mode {} is not known", rule.path.string(), printable(given.mode))
            .advise("bind (a directory), link (one file), tmpfs (volatile) or shared (inside a private directory)");
    rule.mode = *mode;
    rule.seed = rule.mode == Mode::bind || rule.mode == Mode::link ? Seed::copy : Seed::empty;
    rule.permissions = rule.mode == Mode::link ? 0644 : 0755;
    rule.why = "declared in cluster.yaml";
    rule.declared = declared_cluster;
    for (const Rule& builtin : builtin_policy()) {  // said again, a built-in rule stays what it was
        if (builtin.path != rule.path) continue;
        rule.required = builtin.required;
        if (builtin.mode != rule.mode) continue;
        rule.seed = builtin.seed;
        rule.permissions = builtin.permissions;
    }
    TRY(take_details(given, rule));
    rule.scope = given.scope.empty() ? "all" : given.scope;

    const std::string_view scope = rule.scope;
    const bool profile = scope.starts_with("profile:") && scope.size() > 8;
    const bool node = scope.starts_with("node:") && scope.size() > 5;
    if (scope != "all" && !profile && !node)
        return bad_input("CDSL {}: scope {} is not known", rule.path.string(), printable(scope))
            .advise("all, profile:NAME or node:NAME");
    if (node && cluster.find_node(scope.substr(5)) == nullptr)
        return bad_input("CDSL {}: there is no node {}", rule.path.string(), printable(scope.substr(5)))
            .advise("name one of nodes: in cluster.yaml");
    if (rule.mode == Mode::link && scope != "all")
        return bad_input("CDSL {}: a link stands on the shared root, so it is there for every node, not only {}",
                         rule.path.string(), scope)
            .advise("use scope all, or mode bind on the file's directory");
    return rule;
}

Result<std::vector<Rule>> own_rules(const config::Cluster& cluster) {
    std::vector<Rule> rules;
    for (const auto& given : cluster.cdsl) {
        Rule rule = TRY(rule_from(cluster, given));
        for (const Rule& other : rules)
            if (other.path == rule.path && other.scope == rule.scope)
                return bad_input("CDSL {} with scope {} is declared twice", rule.path.string(), rule.scope)
                    .advise("keep one of the two in cluster.yaml");
        rules.push_back(std::move(rule));
    }
    return rules;
}

// May a rule be left out when it makes no sense beside the others?
using Optional = std::function<bool(const Rule&)>;

// What lies around a rule decides whether it makes sense: private inside private changes nothing, and only what is
// private can be shared again. `all` has parents first.
Result<std::vector<Rule>> nested(std::vector<Rule> all, const Optional& optional) {
    std::vector<Rule> kept;
    kept.reserve(all.size());         // what `around` points to stays where it is
    std::vector<const Rule*> around;  // from the outermost to the nearest
    for (Rule& rule : all) {
        while (!around.empty() && !is_below(rule.path, around.back()->path)) around.pop_back();
        const Rule* outer = around.empty() ? nullptr : around.back();
        const auto path = [&] { return rule.path.string(); };

        if (outer != nullptr && outer->mode == Mode::link) {
            if (optional(rule)) continue;
            return bad_input("CDSL {}: lies below {}, which is a single file (mode link)", path(), outer->path.string())
                .advise("use mode bind for the directory");
        }
        const bool in_private = outer != nullptr && outer->mode != Mode::shared;
        // Kept inside volatile, and volatile inside kept, are differences.
        const bool differs = in_private && outer->mode != rule.mode && rule.mode != Mode::link;
        const bool needless = rule.mode == Mode::shared ? !in_private : in_private && !differs;
        if (needless && optional(rule)) continue;
        if (needless && rule.mode == Mode::shared)
            return bad_input("CDSL {}: is shared already, nothing around it is private", path())
                .advise("mode shared is for directories inside a bind or tmpfs");
        if (needless)
            return bad_input("CDSL {}: is private already, it lies in {} (mode {})", path(), outer->path.string(),
                             name_of(outer->mode))
                .advise("leave it out");
        kept.push_back(std::move(rule));
        around.push_back(&kept.back());
    }
    return kept;
}

// Of several rules for one path the weightiest that holds for the node; parents first.
std::vector<Rule> chosen_for(std::vector<Rule> rules, std::string_view node, std::string_view profile) {
    std::erase_if(rules, [&](const Rule& rule) { return !holds_for(rule, node, profile); });
    std::stable_sort(rules.begin(), rules.end(), [](const Rule& a, const Rule& b) {
        return a.path.native() == b.path.native() ? weight(a) > weight(b) : is_before(a.path, b.path);
    });
    const auto same = [](const Rule& a, const Rule& b) { return a.path.native() == b.path.native(); };
    rules.erase(std::unique(rules.begin(), rules.end(), same), rules.end());
    return rules;
}

}  // namespace

std::string_view name_of(Mode mode) { return name_in(mode_names, mode); }
std::string_view name_of(Seed seed) { return name_in(seed_names, seed); }
std::string_view name_of(When when) { return name_in(when_names, when); }
std::optional<Mode> mode_named(std::string_view name) { return value_in(mode_names, name); }
std::optional<Seed> seed_named(std::string_view name) { return value_in(seed_names, name); }
std::optional<When> when_named(std::string_view name) { return value_in(when_names, name); }

bool is_below(const fs::path& path, const fs::path& directory) {
    std::string_view around = directory.native();
    if (around.ends_with('/')) around.remove_suffix(1);
    const std::string_view inside = path.native();
    return inside.size() > around.size() + 1 && inside[around.size()] == '/' && inside.starts_with(around);
}

bool is_before(const fs::path& one, const fs::path& other) {
    const auto rank = [](char c) { return c == '/' ? 0 : static_cast<unsigned char>(c) + 1; };
    return std::lexicographical_compare(one.native().begin(), one.native().end(), other.native().begin(),
                                        other.native().end(), [&](char a, char b) { return rank(a) < rank(b); });
}

Result<fs::path> checked_path(std::string_view text) {
    const auto refuse = [&](std::string_view why) {
        return bad_input("CDSL path {}: {}", text.empty() ? "(empty)" : printable(text), why);
    };
    if (!text.starts_with('/'))
        return refuse("is not absolute").advise("begin it with a slash, as seen on the booted node");
    if (text.size() > path_limit) return refuse(fmt::format("is longer than {} bytes", path_limit));
    if (std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; }))
        return refuse("has a control character");
    if (!is_utf8(text)) return refuse("is not UTF-8");

    std::string normal;
    for (size_t at = 0; at < text.size();) {
        const size_t end = std::min(text.find('/', at), text.size());
        const std::string_view name = text.substr(at, end - at);
        at = end + 1;
        if (name.empty()) continue;  // a slash at the end, or two in a row
        if (name == "." || name == "..")
            return refuse(fmt::format("has a {} in it", name)).advise("name the directory itself");
        if (name.size() > name_limit) return refuse(fmt::format("has a name longer than {} bytes", name_limit));
        normal += '/';
        normal += name;
    }
    fs::path path = normal.empty() ? "/" : std::move(normal);
    if (path == "/") return refuse("is the root itself, which is what all nodes share");
    for (const std::string_view directory : reserved) {
        if (path.native() != directory && !is_below(path, directory)) continue;
        return refuse(directory == "/.pando" ? "is where Pando keeps the nodes' trees"
                                             : "is the running kernel's, each node has its own anyway");
    }
    return path;
}

Result<std::vector<Rule>> policy_for(const config::Cluster& cluster, const config::Node& node,
                                     const std::vector<Rule>& additions, const std::vector<Rule>& builtin) {
    std::vector<Rule> all = builtin;
    all.insert(all.end(), additions.begin(), additions.end());
    for (Rule& rule : TRY(own_rules(cluster))) all.push_back(std::move(rule));
    auto rules = nested(chosen_for(std::move(all), node.name, node.profile),
                        [&](const Rule& rule) { return rule.declared != declared_cluster; });
    if (!rules) return Failure(rules.error().context(fmt::format("node {}", node.name)));
    return rules;
}

Result<std::vector<Rule>> policy_for_root(const config::Cluster& cluster, const std::vector<Rule>& additions,
                                          const std::vector<Rule>& builtin) {
    std::map<std::pair<fs::path, std::string>, Rule> all;
    std::map<fs::path, Mode> modes;
    for (const auto& node : cluster.nodes) {
        for (Rule& rule : TRY(policy_for(cluster, node, additions, builtin))) {
            const Mode other = modes.try_emplace(rule.path, rule.mode).first->second;
            if (other != rule.mode && (other == Mode::link || rule.mode == Mode::link))
                return bad_input("CDSL {}: is a link for every node and cannot be {} for {}", rule.path.string(),
                                 name_of(other == Mode::link ? rule.mode : other), node.name)
                    .advise("use one mode for all nodes");
            auto key = std::pair(rule.path, rule.scope);
            all.try_emplace(std::move(key), std::move(rule));
        }
    }
    std::vector<Rule> rules;
    rules.reserve(all.size());
    for (auto& [key, rule] : all) rules.push_back(std::move(rule));
    return rules;
}

std::vector<Rule> rules_of_node(std::vector<Rule> rules, std::string_view name, std::string_view profile) {
    return sensible(chosen_for(std::move(rules), name, profile));
}

std::vector<Rule> sensible(std::vector<Rule> rules) {
    return nested(std::move(rules), [](const Rule&) { return true; }).value();
}

const Rule* rule_at(const std::vector<Rule>& rules, const fs::path& path) {
    const auto at = std::lower_bound(rules.begin(), rules.end(), path, [](const Rule& rule, const fs::path& wanted) {
        return is_before(rule.path, wanted);
    });
    return at != rules.end() && at->path.native() == path.native() ? &*at : nullptr;
}

const Rule* rule_over(const std::vector<Rule>& rules, const fs::path& path) {
    for (fs::path at = path; at.has_relative_path(); at = at.parent_path())
        if (const Rule* rule = rule_at(rules, at)) return rule;
    return nullptr;
}

std::vector<Rule> merged(const std::vector<Rule>& rules) {
    std::map<fs::path, Rule> by_path;
    for (const Rule& rule : rules) {
        const auto [at, fresh] = by_path.try_emplace(rule.path, rule);
        // A node that binds needs the template; a mount point alone serves the other modes.
        if (!fresh && rule.mode == Mode::bind) at->second = rule;
    }
    std::vector<Rule> one_each;
    one_each.reserve(by_path.size());
    for (auto& [path, rule] : by_path) one_each.push_back(std::move(rule));
    return one_each;
}

}  // namespace pando::cdsl
