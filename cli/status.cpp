// SPDX-License-Identifier: GPL-2.0-or-later
// pando status: what holds on this node now; works while its root is frozen.
#include "cli/command.h"
#include "initrd/node_state.h"

#include <memory>
#include <nlohmann/json.hpp>

namespace pando::cli {
namespace {

using initrd::NodeState;

nlohmann::json to_json(const NodeState& state) {
    nlohmann::json json = {{"healthy", state.faults.empty()}, {"faults", state.faults}};
    if (state.boot) {
        json["node"] = state.boot->node;
        json["cluster"] = state.boot->cluster;
        json["state"] = state.boot->state;
    }
    if (state.quorum) {
        json["quorum"] = {{"quorate", state.quorum->quorate},
                          {"votes", state.quorum->votes},
                          {"needed", state.quorum->needed},
                          {"expected", state.quorum->expected},
                          {"members", state.quorum->members}};
    }
    if (state.root) {
        json["root"] = {{"device", state.root->source},
                        {"filesystem", state.root->filesystem},
                        {"options", state.root->options + "," + state.root->super_options},
                        {"writable", state.root->writable()}};
    }
    json["survival"] = nlohmann::json::array();
    for (const auto& process : state.survival)
        json["survival"].push_back({{"pid", process.pid}, {"name", process.name}});
    json["footholds"] = state.footholds.size();
    json["chroot"] = {{"used_bytes", state.chroot_used}, {"size_bytes", state.chroot_size}};
    return json;
}

void print(const NodeState& state) {
    const auto row = [](std::string_view name, const std::string& value) { fmt::print("{:<9} {}\n", name, value); };
    if (state.boot) {
        row("node", fmt::format("{} of cluster {}, {}", state.boot->node, state.boot->cluster, state.boot->state));
        for (const auto& stage : state.boot->stages) {
            if (stage.name == "root" && stage.result == "ok")
                row("", fmt::format("root mounted {:.1f} s after the kernel started", stage.end));
        }
    }
    if (state.quorum) {
        std::string members;
        for (const uint32_t id : state.quorum->members) members += fmt::format(" {}", id);
        row("quorum", fmt::format("{}, {} of {} votes, {} needed; node ids{}", state.quorum->quorate ? "yes" : "NO",
                                  state.quorum->votes, state.quorum->expected, state.quorum->needed, members));
    }
    if (state.root) {
        row("root", fmt::format("{} {} {}", state.root->source, state.root->filesystem,
                                state.root->writable() ? "read-write" : "READ-ONLY"));
    }
    row("chroot", fmt::format("{:.1f} of {:.0f} MB used", static_cast<double>(state.chroot_used) / 1e6,
                              static_cast<double>(state.chroot_size) / 1e6));
    std::string processes;
    for (const auto& process : state.survival)
        processes += fmt::format("{}{} ({})", processes.empty() ? "" : ", ", process.name, process.pid);
    row("survival", processes.empty() ? "none" : processes);
    for (const std::string& fault : state.faults) row("FAULT", fault);
}

}  // namespace

Action declare_status(CLI::App& app) {
    auto json = std::make_shared<bool>(false);
    app.add_flag("--json", *json, "machine-readable");
    return [json]() -> Result<int> {
        const NodeState state = TRY(initrd::read_node_state());
        if (*json) {
            fmt::print("{}\n", to_json(state).dump(1));
        } else {
            print(state);
        }
        return state.faults.empty() ? 0 : 1;
    };
}

}  // namespace pando::cli
