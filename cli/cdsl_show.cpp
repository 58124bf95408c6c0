// SPDX-License-Identifier: GPL-2.0-or-later
// pando cdsl show: one context-dependent path with every node's copy.
#include "base/printable.h"
#include "cdsl/copies.h"
#include "cdsl/layout.h"
#include "cdsl/linked.h"
#include "cdsl/mounted.h"
#include "cli/cdsl_look.h"
#include "cli/command.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <memory>
#include <nlohmann/json.hpp>

namespace pando::cli {

namespace {

struct ShowCommand {
    LookOptions look;
    std::string path;
};

std::vector<cdsl::Rule> rules_at(const cdsl::Survey& survey, const std::filesystem::path& path) {
    std::vector<cdsl::Rule> found;
    for (const auto& rule : survey.rules())
        if (rule.path == path) found.push_back(rule);
    return found;
}

std::string type_of(mode_t mode) {
    if (S_ISDIR(mode)) return "directory";
    if (S_ISREG(mode)) return "file";
    if (S_ISLNK(mode)) return "symlink";
    return "special";
}

// What stands at the path on the shared root itself.
std::string on_root(const cdsl::Survey& survey, const cdsl::Rule& rule) {
    if (!survey.is_applied(rule)) return "not applied";
    if (rule.mode != cdsl::Mode::link) return "applied";
    const auto state = cdsl::linked(survey, rule);
    return state ? std::string(cdsl::name_of(*state)) : state.error().what;
}

std::string mount_here(const cdsl::Survey& survey, const cdsl::Rule& rule) {
    if (!survey.here() || rule.mode == cdsl::Mode::link) return "";
    const auto* mine = cdsl::rule_at(survey.rules_of(*survey.here()), rule.path);
    if (mine == nullptr || !(*mine == rule)) return "";
    const auto there = cdsl::mounted(survey, *survey.here(), rule);
    if (!there) return there.error().what;
    return *there == cdsl::Mounted::ours    ? "mounted"
           : *there == cdsl::Mounted::other ? "something else is mounted"
                                            : "not mounted";
}

std::string owner_of(const struct stat& st) { return fmt::format("{}:{}", st.st_uid, st.st_gid); }
std::string time_of(const struct stat& st) { return fmt::format("{:%Y-%m-%d %H:%M:%S}", fmt::localtime(st.st_mtime)); }

void print_rule(const cdsl::Survey& survey, const cdsl::Rule& rule) {
    fmt::print("  mode      {}\n  scope     {}\n  seed      {}\n  applies   {}{}\n", cdsl::name_of(rule.mode),
               rule.scope, cdsl::name_of(rule.seed),
               rule.when == cdsl::When::always ? "always" : "where the root has it",
               rule.required ? "; a node does not boot without it" : "");
    fmt::print("  declared  {}\n  why       {}\n  on disk   {}\n", rule.declared, rule.why, on_root(survey, rule));
    if (const std::string here = mount_here(survey, rule); !here.empty())
        fmt::print("  here      {} ({})\n", here, *survey.here());
}

void print_copies(const std::vector<cdsl::CopyOfNode>& copies) {
    std::vector<std::vector<std::string>> table = {{"NODE", "TYPE", "MODE", "OWNER", "SIZE", "CHANGED", "COPY"}};
    for (const auto& copy : copies) {
        const std::string node = copy.node == cdsl::template_tree ? "(template)" : copy.node;
        if (!copy.stat) {
            table.push_back({node, "none", "-", "-", "-", "-", copy.place.string()});
            continue;
        }
        table.push_back({node, type_of(copy.stat->st_mode), fmt::format("{:04o}", copy.stat->st_mode & 07777U),
                         owner_of(*copy.stat), S_ISDIR(copy.stat->st_mode) ? "-" : std::to_string(copy.stat->st_size),
                         time_of(*copy.stat), copy.place.string()});
    }
    print_columns(table);
}

nlohmann::ordered_json as_json(const cdsl::Survey& survey, const std::vector<cdsl::Rule>& rules,
                               const std::vector<cdsl::CopyOfNode>& copies) {
    auto listed = nlohmann::ordered_json::array();
    for (const auto& rule : rules)
        listed.push_back({{"mode", cdsl::name_of(rule.mode)},
                          {"scope", rule.scope},
                          {"seed", cdsl::name_of(rule.seed)},
                          {"when", cdsl::name_of(rule.when)},
                          {"required", rule.required},
                          {"declared", rule.declared},
                          {"why", rule.why},
                          {"on_disk", on_root(survey, rule)},
                          {"here", mount_here(survey, rule)}});
    auto places = nlohmann::ordered_json::array();
    for (const auto& copy : copies) {
        nlohmann::ordered_json one = {
            {"node", copy.node}, {"copy", copy.place.string()}, {"present", copy.stat.has_value()}};
        if (copy.stat) {
            one["type"] = type_of(copy.stat->st_mode);
            one["permissions"] = fmt::format("{:04o}", copy.stat->st_mode & 07777U);
            one["uid"] = copy.stat->st_uid;
            one["gid"] = copy.stat->st_gid;
            one["size"] = copy.stat->st_size;
            one["changed"] = copy.stat->st_mtime;
        }
        places.push_back(std::move(one));
    }
    return {{"path", rules.front().path.string()}, {"rules", listed}, {"copies", places}};
}

}  // namespace

Action declare_cdsl_show(CLI::App& app) {
    auto command = std::make_shared<ShowCommand>();
    app.add_option("PATH", command->path, "a context-dependent path, as pando cdsl list names it")->required();
    command->look.declare(app);
    return [command]() -> Result<int> {
        const auto survey = TRY(command->look.survey());
        const auto nodes = TRY(survey.nodes_of(command->look.range));
        const auto path = TRY(cdsl::checked_path(command->path));
        const auto rules = rules_at(survey, path);
        if (rules.empty())
            return bad_input("{} is no context-dependent path", path.string())
                .advise(
                    fmt::format("pando cdsl list names them; pando cdsl explain {} says what it is", path.string()));
        // tmpfs and shared have no copies.
        std::vector<cdsl::CopyOfNode> copies;
        for (const auto& rule : rules)
            if (copies.empty() && (rule.mode == cdsl::Mode::bind || rule.mode == cdsl::Mode::link))
                if (auto found = cdsl::copies_of(survey, path, nodes, true)) copies = std::move(*found);
        if (command->look.json) {
            fmt::print("{}\n", as_json(survey, rules, copies).dump(2));
            return 0;
        }
        fmt::print("{}\n", path.string());
        for (const auto& rule : rules) print_rule(survey, rule);
        if (!copies.empty()) print_copies(copies);
        return 0;
    };
}

}  // namespace pando::cli
