// SPDX-License-Identifier: GPL-2.0-or-later
// pando node rename: another name for a node that is off.
#include "cli/command.h"
#include "cli/node_change.h"

#include <memory>

namespace pando::cli {
namespace {

struct RenameOptions {
    std::string node, name;
    NodeChangeOptions change;
};

}  // namespace

Action declare_node_rename(CLI::App& app) {
    auto options = std::make_shared<RenameOptions>();
    app.add_option("NODE", options->node, "as it is called now; it must be off")->required();
    app.add_option("NAME", options->name, "as it shall be called")->required();
    add_options(app, options->change);
    return [options] {
        return change_nodes(options->change, [&](const nodes::Now& now, const nodes::Means& means) {
            return nodes::plan_renaming(now, means, options->node, options->name);
        });
    };
}

}  // namespace pando::cli
