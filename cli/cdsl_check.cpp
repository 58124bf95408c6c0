// SPDX-License-Identifier: GPL-2.0-or-later
// pando cdsl check: is what is on disk what the policy says? A verdict to script on.
#include "cdsl/check.h"

#include "base/printable.h"
#include "cli/cdsl_look.h"
#include "cli/command.h"

#include <fmt/format.h>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

namespace pando::cli {

namespace {

struct CheckCommand {
    LookOptions look;
    cdsl::CheckOptions options;
};

// The same finding on several nodes is one line.
struct Line {
    const cdsl::Finding* finding;
    std::vector<std::string> nodes;
};

std::vector<Line> lines_of(const cdsl::Checked& checked) {
    std::vector<Line> lines;
    for (const auto& finding : checked.findings) {
        const auto same = [&](const Line& line) {
            return !finding.node.empty() && !line.nodes.empty() && line.finding->drift == finding.drift &&
                   line.finding->path == finding.path && line.finding->text == finding.text;
        };
        const auto at = std::find_if(lines.begin(), lines.end(), same);
        if (at != lines.end())
            at->nodes.push_back(finding.node);
        else
            lines.push_back({&finding, finding.node.empty() ? std::vector<std::string>{} : std::vector{finding.node}});
    }
    return lines;
}

void print(const cdsl::Checked& checked) {
    for (const Line& line : lines_of(checked)) {
        const auto& finding = *line.finding;
        fmt::print("{}{}{}: {}\n", finding.counts ? "" : "note: ", printable(finding.path.native()),
                   line.nodes.empty() ? "" : fmt::format(" ({})", fmt::join(line.nodes, ", ")),
                   printable(finding.text));
        if (!finding.advice.empty()) fmt::print("  -> {}\n", printable(finding.advice));
    }
    const size_t drifts = checked.drifts();
    const std::string looked =
        fmt::format("{} paths in {} {}", checked.rules, checked.trees, checked.trees == 1 ? "tree" : "trees");
    if (drifts == 0)
        fmt::print("as the policy says: {}\n", looked);
    else
        fmt::print("{} {} from the policy: {}\n", drifts, drifts == 1 ? "difference" : "differences", looked);
}

void print_json(const cdsl::Checked& checked) {
    auto findings = nlohmann::ordered_json::array();
    for (const auto& finding : checked.findings)
        findings.push_back(
            {{"drift", cdsl::name_of(finding.drift)},
             {"counts", finding.counts},
             {"path", printable(finding.path.native())},
             {"node", finding.node.empty() ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(finding.node)},
             {"text", printable(finding.text)},
             {"advice", printable(finding.advice)}});
    fmt::print("{}\n", nlohmann::ordered_json{{"as_policy_says", checked.drifts() == 0},
                                              {"drifts", checked.drifts()},
                                              {"paths", checked.rules},
                                              {"trees", checked.trees},
                                              {"findings", findings}}
                           .dump(2));
}

}  // namespace

Action declare_cdsl_check(CLI::App& app) {
    auto command = std::make_shared<CheckCommand>();
    command->look.declare(app);
    app.add_flag("--whole-root", command->options.whole_root,
                 "also walk all of the shared root for links that lead into the nodes' trees and nobody names");
    app.footer("Exit status 1: something is not as the policy says.");
    return [command]() -> Result<int> {
        const auto survey = TRY(command->look.survey());
        const auto nodes = TRY(survey.nodes_of(command->look.range));
        const auto checked = TRY(cdsl::check(survey, nodes, command->options));
        command->look.json ? print_json(checked) : print(checked);
        return checked.drifts() == 0 ? 0 : 1;
    };
}

}  // namespace pando::cli
