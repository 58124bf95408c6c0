// SPDX-License-Identifier: GPL-2.0-or-later
// pando fence history: of all nodes, from what each has kept in its part of the root.
#include "base/file.h"
#include "base/log.h"
#include "cli/command.h"
#include "cli/fence_inside.h"
#include "fencing/history.h"

#include <algorithm>
#include <memory>

namespace pando::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* trees = "/.pando/nodes";

// Lines begin with their time, so that their order is that of the fencings.
Result<std::vector<std::string>> lines_of_all_nodes() {
    std::vector<std::string> lines;
    for (const std::string& node : TRY(list_directory(trees))) {
        auto more = fencing::read_lines(fs::path(trees) / node / "var/log/pando/fence.jsonl");
        std::move(more.begin(), more.end(), std::back_inserter(lines));
    }
    std::stable_sort(lines.begin(), lines.end());
    return lines;
}

Result<int> history(bool json) {
    // What has just been done is in memory yet; elsewhere than on a node there is none.
    if (const auto kept = keep_fence_history(); !kept) log::write(kept.error());
    const auto lines = TRY(lines_of_all_nodes());
    if (!json) fmt::print("{}", fencing::to_text(lines));
    if (json)
        for (const std::string& line : lines) fmt::print("{}\n", line);
    return 0;
}

}  // namespace

Action declare_fence_history(CLI::App& app) {
    auto json = std::make_shared<bool>(false);
    app.add_flag("--json", *json, "for programs, an object a line");
    return [json] { return history(*json); };
}

}  // namespace pando::cli
