// SPDX-License-Identifier: GPL-2.0-or-later
// pando fence history: of all nodes, from what each has kept in its part of the root.
#include "base/log.h"
#include "cli/command.h"
#include "cli/description.h"
#include "cli/fence_inside.h"
#include "fencing/history.h"
#include "nodes/kept_traces.h"

#include <memory>

namespace pando::cli {
namespace {

Result<int> history(bool json) {
    if (!booted_node())
        return bad_input("this machine is no node of a cluster, and knows of no fencing")
            .advise("give the command on a node that is up");
    // What has just been done is in memory yet.
    if (const auto kept = keep_fence_history(); !kept) log::write(kept.error());
    const auto lines = TRY(nodes::fence_history_of_all("/"));
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
