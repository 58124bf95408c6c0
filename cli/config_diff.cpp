// SPDX-License-Identifier: GPL-2.0-or-later
// pando config diff: what changes between two descriptions, and what it takes to take effect.
#include "cli/bundle_lun.h"
#include "cli/command.h"
#include "config/difference.h"
#include "config/load.h"
#include "config/schema.h"
#include "config/slots.h"

#include <fmt/format.h>
#include <memory>

namespace pando::cli {
namespace {

struct DiffOptions {
    std::string before, after;
};

// The newest on the LUN: what others may have written since this node has booted counts.
Result<config::Cluster> cluster_on_lun() {
    const auto bundle = TRY(config::read_live_bundle());
    const auto store = TRY(open_bundle_store(""));
    return TRY(config::read_newest(*store, bundle.cluster)).description();
}

Result<int> diff(const DiffOptions& options) {
    const bool two = !options.after.empty();
    const auto after = TRY(config::load_file(two ? options.after : options.before));
    const auto before = two ? TRY(config::load_file(options.before)) : TRY(cluster_on_lun());
    const auto changes = config::differences(before, after, [](auto option) { return config::is_secret(option); });
    for (const auto& change : changes) fmt::print("{}\n", config::shown(change));
    if (!changes.empty()) fmt::print("\ntakes effect\n\n{}", config::what_it_takes(changes));
    return changes.empty() ? 0 : 1;
}

}  // namespace

Action declare_config_diff(CLI::App& app) {
    auto options = std::make_shared<DiffOptions>();
    app.add_option("A", options->before, "cluster.yaml as it was; alone, on a node: what is to come")->required();
    app.add_option("B", options->after, "as it shall be; without it, A is compared with what the LUN holds");
    return [options] { return diff(*options); };
}

}  // namespace pando::cli
