// SPDX-License-Identifier: GPL-2.0-or-later
// pando timeline [NODE]: where the seconds of its last boot went, against those of the boots before.
#include "base/file.h"
#include "base/log.h"
#include "cdsl/layout.h"
#include "cli/command.h"
#include "cli/description.h"
#include "initrd/machine_record.h"
#include "nodes/boot_times.h"

#include <algorithm>
#include <filesystem>
#include <memory>

namespace pando::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
    std::string node, svg;
    size_t boots = 8;
    bool all = false, json = false;
};

fs::path nodes_directory() { return fs::path("/") / cdsl::nodes_directory; }

Result<std::vector<std::string>> names_of_nodes() {
    auto names = list_directory(nodes_directory());
    if (!names)
        return Failure(names.error().context("looking for the nodes' own trees"))
            .advise("their boots are kept on the shared root: ask on a node of the cluster");
    std::erase_if(*names, [](const std::string& name) { return name.starts_with('.'); });
    return names;
}

// The boots that `node` has kept on the shared root. What is no boot there is told and left out.
std::vector<initrd::KeptBoot> boots_of(const std::string& node) {
    auto kept = initrd::read_kept_boots(nodes_directory() / node / fs::path(initrd::boots_directory).relative_path());
    for (const std::string& why : kept.unreadable) log::warning("left out: {}", why);
    return std::move(kept.boots);
}

Result<int> tell_all(const Options& options) {
    std::vector<nodes::BootTimes> last;
    for (const std::string& node : TRY(names_of_nodes())) {
        if (auto times = nodes::compare_boots(boots_of(node), options.boots))
            last.push_back(std::move(*times));
        else
            log::warning("{}: no boot is kept", node);
    }
    if (options.json) {
        auto list = nlohmann::ordered_json::array();
        for (const auto& times : last) list.push_back(nodes::to_json(times));
        fmt::print("{}\n", list.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
        return 0;
    }
    if (!last.empty()) fmt::print("{}", nodes::side_by_side(last));
    return last.empty() ? 1 : 0;
}

Result<int> tell(const Options& options) {
    if (options.all) return tell_all(options);
    const std::string here = booted_node().value_or("");
    const std::string node = options.node.empty() ? here : options.node;
    if (node.empty())
        return bad_input("this machine is no node of a cluster").advise("pando timeline NODE, on one that is");
    const auto names = TRY(names_of_nodes());
    if (std::find(names.begin(), names.end(), node) == names.end())
        return bad_input("no node {} has a tree on the shared root", node).advise("pando node list names the nodes");
    const auto times = nodes::compare_boots(boots_of(node), options.boots);
    if (!times)
        return fail("{} has kept no boot in {}", node, initrd::boots_directory)
            .advise("a boot is kept when the node is up, by pando-node.service: see journalctl -u pando-node there");
    if (node == here && times->which.id != initrd::boot_id())
        log::warning("the boot that runs is not kept, or not yet: told is the last one that is");
    if (!options.svg.empty()) TRY(write_file_atomic(options.svg, nodes::to_svg(*times)));
    if (options.json)
        fmt::print("{}\n",
                   nodes::to_json(*times).dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
    else if (options.svg.empty())
        fmt::print("{}", nodes::to_text(*times));
    return 0;
}

}  // namespace

Action declare_timeline(CLI::App& app) {
    auto options = std::make_shared<Options>();
    auto* node = app.add_option("NODE", options->node, "whose last boot; without: this node's");
    app.add_option("--boots", options->boots, "compare with at most so many boots before it")
        ->check(CLI::Range(size_t{1}, initrd::kept_boots_most - 1))
        ->capture_default_str();
    auto* svg = app.add_option("--svg", options->svg, "draw it into this file")->type_name("FILE");
    app.add_flag("--all", options->all, "the last boot of every node, side by side")->excludes(node)->excludes(svg);
    app.add_flag("--json", options->json, "for programs");
    return [options] { return tell(*options); };
}

}  // namespace pando::cli
