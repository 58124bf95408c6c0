// SPDX-License-Identifier: GPL-2.0-or-later
// pando chroot status: does the fencing chroot hold what the root holds, and do its daemons run what it holds?
#include "base/printable.h"
#include "cli/command.h"
#include "cli/node_chroot.h"

#include <fmt/format.h>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>

namespace pando::cli {
namespace {

struct StatusOptions {
    NodeChrootOptions node;
    bool json = false;
};

struct Findings {
    chroot::Generation generation;
    chroot::Difference drift;
    std::vector<chroot::OldCode> old;
    int64_t age = 0;  // seconds
    uint64_t used = 0;
    std::optional<chroot::Place> place;
    bool fresh() const { return drift.none() && old.empty(); }
};

Result<Findings> look(const StatusOptions& options) {
    const auto node = TRY(NodeChroot::open(options.node));
    auto compared = TRY(node.compare());
    Findings found;
    found.generation = std::move(compared.current);
    found.drift = std::move(compared.drift);
    found.old = TRY(chroot::old_code(node.path()));
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    found.age = std::chrono::duration_cast<std::chrono::seconds>(now).count() - found.generation.made;
    found.used = TRY(chroot::used_bytes(node.path()));
    found.place = place_of(node.path());
    return found;
}

nlohmann::ordered_json names(const std::vector<std::filesystem::path>& paths) {
    auto rows = nlohmann::ordered_json::array();
    for (const auto& path : paths) rows.push_back(path.string());
    return rows;
}

std::string as_json(const Findings& found) {
    auto old = nlohmann::ordered_json::array();
    for (const auto& process : found.old)
        old.push_back({{"pid", process.pid}, {"process", process.process}, {"files", names(process.files)}});
    const nlohmann::ordered_json document = {{"fresh", found.fresh()},
                                             {"generation", found.generation.number},
                                             {"age_seconds", found.age},
                                             {"used_bytes", found.used},
                                             {"place", place_json(found.place)},
                                             {"drift",
                                              {{"added", names(found.drift.added)},
                                               {"changed", names(found.drift.changed)},
                                               {"removed", names(found.drift.removed)}}},
                                             {"old_code", std::move(old)}};
    return document.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

void print(const Findings& found) {
    fmt::print("generation {}, made {} s ago, {} entries; the chroot takes {:.1f} MB\n", found.generation.number,
               found.age, found.generation.manifest.entries.size(), static_cast<double>(found.used) / 1e6);
    print_place(found.place);
    for (const auto& path : found.drift.added) fmt::print("DRIFT  wanted by now: {}\n", printable(path.native()));
    for (const auto& path : found.drift.changed) fmt::print("DRIFT  other on the root: {}\n", printable(path.native()));
    for (const auto& path : found.drift.removed)
        fmt::print("DRIFT  not wanted any more: {}\n", printable(path.native()));
    if (!found.drift.none()) fmt::print("  -> pando chroot update\n");
    for (const auto& process : found.old)
        fmt::print("OLD    {} (process {}) runs the old {}\n", process.process, process.pid,
                   printable(process.files.front().native()));
    if (!found.old.empty()) fmt::print("  -> reboot this node in order when it suits\n");
    if (found.fresh()) fmt::print("it holds what the root holds, and its daemons run that\n");
}

}  // namespace

Action declare_chroot_status(CLI::App& app) {
    auto options = std::make_shared<StatusOptions>();
    add_options(app, options->node);
    app.add_flag("--json", options->json, "for programs");
    return [options]() -> Result<int> {
        const auto found = TRY(look(*options));
        if (options->json)
            fmt::print("{}\n", as_json(found));
        else
            print(found);
        return found.fresh() ? 0 : 1;
    };
}

}  // namespace pando::cli
