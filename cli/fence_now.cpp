// SPDX-License-Identifier: GPL-2.0-or-later
// pando fence now: a person has a node fenced.
#include "cli/command.h"
#include "cli/fence_inside.h"

#include <memory>

namespace pando::cli {
namespace {

struct NowOptions {
    std::string node, reason;
    bool yes = false;
};

}  // namespace

Action declare_fence_now(CLI::App& app) {
    auto options = std::make_shared<NowOptions>();
    app.add_option("NODE", options->node, "which")->required();
    app.add_option("--reason", options->reason, "why; it is kept in the history")->required();
    app.add_flag("--yes", options->yes, "do not ask, although the node is up");
    return [options]() -> Result<int> {
        std::vector<std::string> words = {"now", options->node, "--reason", options->reason};
        if (options->yes) words.emplace_back("--yes");
        return become_fence_command(std::move(words));
    };
}

}  // namespace pando::cli
