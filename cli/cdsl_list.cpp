// SPDX-License-Identifier: GPL-2.0-or-later
// pando cdsl list: which paths are context-dependent, for whom, how, who said so, and why.
#include "cdsl/linked.h"
#include "cdsl/mounted.h"
#include "cli/cdsl_look.h"
#include "cli/command.h"
#include "cli/description.h"

#include <fmt/format.h>
#include <algorithm>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

namespace pando::cli {

namespace {

struct ListCommand {
    LookOptions look;
    std::string nodes;
};

struct Row {
    cdsl::Rule rule;
    std::vector<std::string> nodes;
};

// One row for a path and scope, with the nodes for which it holds.
std::vector<Row> rows_of(const cdsl::Survey& survey, const std::vector<std::string>& nodes) {
    std::map<std::pair<std::filesystem::path, std::string>, Row> rows;
    for (const std::string& node : nodes)
        for (const auto& rule : survey.rules_of(node)) {
            Row& row = rows[{rule.path, rule.scope}];
            row.rule = rule;
            row.nodes.push_back(node);
        }
    std::vector<Row> list;
    list.reserve(rows.size());
    for (auto& [key, row] : rows) list.push_back(std::move(row));
    return list;
}

// On a machine that has no shared root at / the policy can still be told.
Result<cdsl::Survey> survey_or_policy(const LookOptions& look) {
    auto survey = look.survey();
    if (survey || look.root != "/" || survey.error().sys != ENOENT) return survey;
    return cdsl::Survey::of_policy(TRY(read_description(look.cluster)).cluster);
}

// What is known of it: on disk, and on the node we run on.
std::string state_of(const cdsl::Survey& survey, const Row& row) {
    if (!survey.has_root()) return "-";
    if (!survey.is_applied(row.rule)) return "not applied";
    const auto is_it = [&](const auto& one) { return one.path == row.rule.path; };
    if (std::any_of(survey.refused().begin(), survey.refused().end(), is_it)) return "change refused";
    if (std::any_of(survey.left_over().begin(), survey.left_over().end(), is_it)) return "left over";
    if (row.rule.mode == cdsl::Mode::link) {
        const auto state = cdsl::linked(survey, row.rule);
        return !state ? "failed" : *state == cdsl::Linked::ours ? "applied" : std::string(cdsl::name_of(*state));
    }
    const auto& here = survey.here();
    if (!here) return "applied";
    if (std::find(row.nodes.begin(), row.nodes.end(), *here) == row.nodes.end()) return "applied";
    const auto there = cdsl::mounted(survey, *here, row.rule);
    if (!there) return there.error().sys == ENOENT && row.rule.when == cdsl::When::present ? "not present" : "failed";
    return *there == cdsl::Mounted::ours ? "mounted" : *there == cdsl::Mounted::other ? "other mount" : "not mounted";
}

void print_table(const cdsl::Survey& survey, const std::vector<Row>& rows, size_t asked) {
    const bool differ =
        std::any_of(rows.begin(), rows.end(), [&](const Row& row) { return row.nodes.size() != asked; });
    std::vector<std::vector<std::string>> table;
    table.push_back({"PATH", "MODE", "SCOPE", "STATE", "DECLARED"});
    if (differ) table.back().emplace_back("NODES");
    table.back().emplace_back("WHY");
    for (const Row& row : rows) {
        table.push_back({row.rule.path.string(), std::string(cdsl::name_of(row.rule.mode)), row.rule.scope,
                         state_of(survey, row), row.rule.declared});
        if (differ)
            table.back().push_back(row.nodes.size() == asked ? "all" : fmt::format("{}", fmt::join(row.nodes, ",")));
        table.back().push_back(row.rule.why);
    }
    print_columns(table);
}

void print_json(const cdsl::Survey& survey, const std::vector<Row>& rows) {
    auto list = nlohmann::ordered_json::array();
    for (const Row& row : rows)
        list.push_back({{"path", row.rule.path.string()},
                        {"mode", cdsl::name_of(row.rule.mode)},
                        {"scope", row.rule.scope},
                        {"nodes", row.nodes},
                        {"seed", cdsl::name_of(row.rule.seed)},
                        {"when", cdsl::name_of(row.rule.when)},
                        {"required", row.rule.required},
                        {"state", state_of(survey, row)},
                        {"declared", row.rule.declared},
                        {"why", row.rule.why}});
    fmt::print("{}\n", list.dump(2));
}

}  // namespace

Action declare_cdsl_list(CLI::App& app) {
    auto command = std::make_shared<ListCommand>();
    app.add_option("NODE", command->nodes, "the same as --node");
    command->look.declare(app);
    return [command]() -> Result<int> {
        if (!command->nodes.empty() && !command->look.range.empty())
            return bad_input("the nodes were named twice").advise("name them once: pando cdsl list n[1-8]");
        const auto survey = TRY(survey_or_policy(command->look));
        const auto nodes = TRY(survey.nodes_of(command->nodes.empty() ? command->look.range : command->nodes));
        const auto rows = rows_of(survey, nodes);
        command->look.json ? print_json(survey, rows) : print_table(survey, rows, nodes.size());
        return 0;
    };
}

}  // namespace pando::cli
