// SPDX-License-Identifier: GPL-2.0-or-later
// pando fence confirm: a person has seen a node off that no fence device can reach.
#include "cli/command.h"
#include "cli/fence_inside.h"

#include <memory>

namespace pando::cli {
namespace {

struct ConfirmOptions {
    std::string node, reason, is_off;
};

}  // namespace

Action declare_fence_confirm(CLI::App& app) {
    auto options = std::make_shared<ConfirmOptions>();
    app.add_option("NODE", options->node, "which")->required();
    app.add_option("--reason", options->reason, "how it is known to be off; it is kept in the history")->required();
    app.add_option("--is-off", options->is_off, "the node's name once more, in place of typing it on a terminal");
    return [options]() -> Result<int> {
        std::vector<std::string> words = {"confirm", options->node, "--reason", options->reason};
        if (!options->is_off.empty()) words.insert(words.end(), {"--is-off", options->is_off});
        return become_fence_command(std::move(words));
    };
}

}  // namespace pando::cli
