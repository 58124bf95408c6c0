// SPDX-License-Identifier: GPL-2.0-or-later
// pando config explain: what a key of cluster.yaml means, and the value it has, with where that came from.
#include "base/file.h"
#include "cli/command.h"
#include "cli/description.h"
#include "config/knobs.h"
#include "config/schema.h"

#include <fmt/format.h>
#include <memory>
#include <sstream>

namespace pando::cli {
namespace {

struct ExplainOptions {
    std::string name, file, node;
};

// The description that values are asked of; nothing when none was named and this machine is no node.
Result<std::optional<Description>> description_of(const ExplainOptions& options) {
    if (options.file.empty() && options.node.empty() && !booted_node()) return std::optional<Description>();
    return std::optional(TRY(read_description(options.file)));
}

// What this boot's command line says; a machine that shows a file does not speak for its nodes.
void print_argument(const config::Knob& knob) {
    std::istringstream words(read_line("/proc/cmdline").value_or(""));
    for (std::string word; words >> word;)
        if (word.starts_with(knob.row.boot_argument + "=")) fmt::print("  this boot     {}\n", word);
}

Result<int> explain(const ExplainOptions& options) {
    if (options.name.empty()) {
        fmt::print("{}", config::list_knobs());
        return 0;
    }
    const auto found = TRY(config::find_knobs(options.name));
    const auto description = TRY(description_of(options));
    bool first = true;
    for (const config::Knob* knob : found) {
        fmt::print("{}{}", first ? "" : "\n", config::explain(*knob));
        first = false;
        if (!description) continue;
        const std::string_view file = description->file.empty() ? "cluster.yaml" : std::string_view(description->file);
        for (const auto& setting : TRY(config::settings(*knob, options.name, description->text, file, options.node,
                                                        [](auto option) { return config::is_secret(option); })))
            if (!knob->group) fmt::print("  {} = {}  ({})\n", setting.path, setting.value, setting.origin);
        if (description->bundle && !knob->row.boot_argument.empty()) print_argument(*knob);
    }
    return 0;
}

}  // namespace

Action declare_config_explain(CLI::App& app) {
    auto options = std::make_shared<ExplainOptions>();
    app.add_option("NAME", options->name, "a key: corosync.token, or the end of its path; without it all are listed");
    app.add_option("FILE", options->file, "cluster.yaml; without it, on a node, what the node goes by");
    app.add_option("--node", options->node, "the values of this node only");
    return [options] { return explain(*options); };
}

}  // namespace pando::cli
