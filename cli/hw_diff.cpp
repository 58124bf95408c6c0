// SPDX-License-Identifier: GPL-2.0-or-later
// pando hw diff: which parts of a node's machine were changed, by the inventories its boots have stored.
#include "cdsl/layout.h"
#include "cli/command.h"
#include "cli/description.h"
#include "hwdetect/inventory_store.h"

#include <memory>
#include <nlohmann/json.hpp>

namespace pando::cli {
namespace {

struct Options {
    std::string node;
    std::string root = "/";
    bool json = false;
};

std::string as_json(const std::vector<hwdetect::Change>& changes) {
    auto list = nlohmann::ordered_json::array();
    for (const hwdetect::Change& change : changes)
        list.push_back({{"kind", to_string(change.kind)},
                        {"part", change.part},
                        {"before", change.before},
                        {"after", change.after}});
    return list.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

// The node's private tree holds what the node itself has at the directory.
Result<std::filesystem::path> directory_of(const Sysroot& root, const std::string& node) {
    const std::filesystem::path tree = std::filesystem::path(cdsl::nodes_directory) / node;
    if (node.empty() || node.front() == '.' || node.find('/') != std::string::npos || !root.exists(tree))
        return bad_input("there is no node {} on this root", node)
            .advise("its tree would be below /.pando/nodes: name a node of the cluster, or its root with --root");
    return tree / std::filesystem::path(hwdetect::inventory_directory).relative_path();
}

}  // namespace

Action declare_hw_diff(CLI::App& app) {
    auto options = std::make_shared<Options>();
    app.add_option("NODE", options->node, "whose machine; this node when it is not named");
    app.add_option("--root", options->root, "the shared root, where it is not /")->check(CLI::ExistingDirectory);
    app.add_flag("--json", options->json, "for programs");
    return [options]() -> Result<int> {
        const std::string node = options->node.empty() ? booted_node().value_or("") : options->node;
        if (node.empty()) return bad_input("this machine runs as no node").advise("name one: pando hw diff NODE");
        const auto root = TRY(Sysroot::open(options->root));
        auto changes = hwdetect::last_changes(root, TRY(directory_of(root, node)));
        if (!changes) return Failure(changes.error().context("node " + node)).advise(changes.error().advice);
        if (options->json) {
            fmt::print("{}\n", as_json(*changes));
            return 0;
        }
        if (changes->empty()) fmt::print("{}: no part was changed since its first boot\n", node);
        for (const hwdetect::Change& change : *changes) fmt::print("{}: {}\n", node, to_string(change));
        return 0;
    };
}

}  // namespace pando::cli
