// SPDX-License-Identifier: GPL-2.0-or-later
// pando cdsl conflicts: shared files that several nodes keep writing, and the rules that would make them private.
#include "cdsl/conflicts.h"

#include "base/log.h"
#include "base/printable.h"
#include "cli/cdsl_look.h"
#include "cli/command.h"

#include <fmt/format.h>
#include <algorithm>
#include <chrono>
#include <ctime>
#include <memory>
#include <nlohmann/json.hpp>

namespace pando::cli {

namespace {

constexpr uint32_t longest = 24 * 3600;

struct ConflictsCommand {
    LookOptions look;
    uint32_t seconds = 0;
    uint32_t age = 3600;
};

Result<> watch(const cdsl::Survey& survey, uint32_t seconds) {
    if (!survey.here())
        return bad_input("no node runs on this root here: only a node can watch what it writes")
            .advise("run it on the nodes; pando cdsl conflicts without --watch compares what they recorded");
    auto writes = TRY(cdsl::WriteWatch::start(survey, *survey.here()));
    log::info("watching what {} writes, for {} s", *survey.here(), seconds);
    const auto observed = TRY(writes.run(Deadline::after(std::chrono::seconds(seconds))));
    return cdsl::write_observed(survey.view(), observed);
}

// A name may have quotes, backslashes and line ends in it: what JSON makes of them YAML reads.
std::string line_of(const cdsl::Rule& rule) {
    using Json = nlohmann::json;
    const std::string path = Json(rule.path.string()).dump(-1, ' ', false, Json::error_handler_t::replace);
    return fmt::format("- {{path: {}, mode: {}}}", path, cdsl::name_of(rule.mode));
}

void print(const std::vector<cdsl::Conflict>& conflicts, const std::vector<std::string>& watched) {
    if (watched.empty()) {
        fmt::print("nothing was recorded: run pando cdsl conflicts --watch 60 on every node, at the same time\n");
        return;
    }
    for (const auto& conflict : conflicts)
        fmt::print("{}: {} writes by {}{} ({})\n", printable(conflict.path.native()), conflict.writes,
                   fmt::join(conflict.nodes, ", "), conflict.unknown ? ", and by a node that did not watch" : "",
                   printable(fmt::format("{}", fmt::join(conflict.programs, ", "))));
    fmt::print("{} {} that several nodes wrote; recorded by {}\n", conflicts.size(),
               conflicts.size() == 1 ? "file" : "files", fmt::join(watched, ", "));
    if (conflicts.empty()) return;
    fmt::print("\nWhere a node needs a file of its own, this under cdsl: in cluster.yaml makes it so:\n");
    std::vector<std::filesystem::path> said;
    for (const auto& conflict : conflicts) {
        if (std::find(said.begin(), said.end(), conflict.proposal.path) != said.end()) continue;
        said.push_back(conflict.proposal.path);
        fmt::print("  {}\n", line_of(conflict.proposal));
    }
}

void print_json(const std::vector<cdsl::Conflict>& conflicts, const std::vector<std::string>& watched) {
    auto list = nlohmann::ordered_json::array();
    for (const auto& conflict : conflicts) {
        auto programs = nlohmann::ordered_json::array();
        for (const auto& program : conflict.programs) programs.push_back(printable(program));
        list.push_back(
            {{"path", conflict.path.string()},
             {"writes", conflict.writes},
             {"nodes", conflict.nodes},
             {"others", conflict.unknown},
             {"programs", programs},
             {"proposal",
              {{"path", conflict.proposal.path.string()}, {"mode", cdsl::name_of(conflict.proposal.mode)}}}});
    }
    fmt::print("{}\n", nlohmann::ordered_json{{"recorded_by", watched}, {"conflicts", list}}.dump(2));
}

}  // namespace

Action declare_cdsl_conflicts(CLI::App& app) {
    auto command = std::make_shared<ConflictsCommand>();
    command->look.declare(app);
    app.add_option("--watch", command->seconds, "first watch for so many seconds what this node writes")
        ->check(CLI::Range(1U, longest));
    app.add_option("--age", command->age, "seconds for which a record counts")->capture_default_str();
    app.footer(
        "Each node can tell of its own writes only: watch on every node at the same time, then ask any of them.");
    return [command]() -> Result<int> {
        const auto survey = TRY(command->look.survey());
        const auto nodes = TRY(survey.nodes_of(command->look.range));
        if (command->seconds > 0) TRY(watch(survey, command->seconds));
        auto observed = TRY(cdsl::read_observed(survey.view(), time(nullptr) - command->age));
        std::erase_if(observed, [&](const cdsl::Observed& one) {
            return std::find(nodes.begin(), nodes.end(), one.node) == nodes.end();
        });
        std::vector<std::string> watched;
        watched.reserve(observed.size());
        for (const auto& one : observed) watched.push_back(one.node);
        const auto conflicts = cdsl::conflicts_in(observed);
        command->look.json ? print_json(conflicts, watched) : print(conflicts, watched);
        return 0;
    };
}

}  // namespace pando::cli
