// SPDX-License-Identifier: GPL-2.0-or-later
// pando cdsl explain: where a path leads on each node, who said so, and whom a write there reaches.
#include "cdsl/explain.h"

#include "base/printable.h"
#include "cli/cdsl_look.h"
#include "cli/command.h"

#include <fmt/format.h>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

namespace pando::cli {

namespace {

struct ExplainCommand {
    LookOptions look;
    std::string path;
};

bool same_story(const cdsl::Place& one, const cdsl::Place& other) {
    return one.reach == other.reach && one.path == other.path && one.followed == other.followed &&
           one.rule == other.rule && one.why == other.why;
}

void print_story(const cdsl::Place& place, const std::string& nodes) {
    fmt::print("{}\n", nodes);
    for (const auto& link : place.followed) fmt::print("  by the link  {}\n", printable(link));
    if (!place.followed.empty()) fmt::print("  thus         {}\n", printable(place.path.native()));
    if (place.rule) {
        const auto& rule = *place.rule;
        const std::string of = rule.path == place.path ? "" : printable(rule.path.native()) + ": ";
        fmt::print("  type         {} ({}mode {}, scope {})\n", cdsl::name_of(place.reach), of,
                   cdsl::name_of(rule.mode), rule.scope);
        fmt::print("  declared     {}: {}\n", rule.declared, printable(rule.why));
    } else {
        fmt::print("  type         {}\n", cdsl::name_of(place.reach));
    }
    fmt::print("  on writing   {}\n", printable(place.why));
}

std::string leads_to(const cdsl::Place& place) { return place.at ? printable(place.at->native()) : "-"; }

void print(const cdsl::Explanation& explained, size_t all_nodes) {
    std::vector<std::vector<const cdsl::Place*>> groups;
    for (const auto& place : explained.places) {
        const auto at = std::find_if(groups.begin(), groups.end(),
                                     [&](const auto& group) { return same_story(*group.front(), place); });
        if (at == groups.end())
            groups.push_back({&place});
        else
            at->push_back(&place);
    }
    fmt::print("{}\n", printable(explained.asked.native()));
    for (const auto& group : groups) {
        std::vector<std::string> names;
        names.reserve(group.size());
        for (const auto* place : group) names.push_back(place->node);
        print_story(*group.front(),
                    names.size() == all_nodes ? "on every node" : fmt::format("on {}", fmt::join(names, ", ")));
        const bool alike = std::all_of(group.begin(), group.end(), [&](const auto* place) {
            return place->at == group.front()->at && place->state == group.front()->state;
        });
        if (alike) {
            fmt::print("  leads to     {} ({})\n", leads_to(*group.front()), printable(group.front()->state));
            continue;
        }
        for (const auto* place : group)
            fmt::print("  leads {} to {} ({})\n", place->node, leads_to(*place), printable(place->state));
    }
}

void print_json(const cdsl::Explanation& explained) {
    auto places = nlohmann::ordered_json::array();
    for (const auto& place : explained.places) {
        nlohmann::ordered_json one = {{"node", place.node},
                                      {"type", cdsl::name_of(place.reach)},
                                      {"path", printable(place.path.native())},
                                      {"followed", place.followed},
                                      {"leads_to", nullptr},
                                      {"state", printable(place.state)},
                                      {"why", printable(place.why)},
                                      {"rule", nullptr}};
        if (place.at) one["leads_to"] = printable(place.at->native());
        for (auto& link : one["followed"]) link = printable(link.get<std::string>());
        if (place.rule)
            one["rule"] = {{"path", place.rule->path.string()},
                           {"mode", cdsl::name_of(place.rule->mode)},
                           {"scope", place.rule->scope},
                           {"declared", place.rule->declared},
                           {"why", place.rule->why}};
        places.push_back(std::move(one));
    }
    fmt::print("{}\n",
               nlohmann::ordered_json{{"path", printable(explained.asked.native())}, {"nodes", places}}.dump(2));
}

}  // namespace

Action declare_cdsl_explain(CLI::App& app) {
    auto command = std::make_shared<ExplainCommand>();
    app.add_option("PATH", command->path, "any path, as a node sees it")->required();
    command->look.declare(app);
    return [command]() -> Result<int> {
        const auto survey = TRY(command->look.survey());
        const auto nodes = TRY(survey.nodes_of(command->look.range));
        const auto explained = TRY(cdsl::explain(survey, command->path, nodes));
        command->look.json ? print_json(explained) : print(explained, survey.nodes().size());
        return 0;
    };
}

}  // namespace pando::cli
