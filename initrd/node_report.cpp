// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/node_report.h"

#include <nlohmann/json.hpp>

namespace pando::initrd {

namespace {

int64_t seconds_of(Milliseconds span) { return (span.count() + 999) / 1000; }

std::string suspension(const NodeState& state) {
    if (!state.root_suspended) return {};
    if (!state.drill_time_left) return ", SUSPENDED";
    return fmt::format(", suspended by a drill, {} s left", seconds_of(*state.drill_time_left));
}

// "i6300ESB timer (/dev/watchdog0), 30 s"
std::string watchdog_text(const WatchState& watch) {
    if (watch.mode == "off") return "off, as watchdog.mode says";
    std::string text = watch.device.empty() ? std::string("none")
                                            : fmt::format("{} ({}), {} s", watch.identity, watch.device, watch.timeout);
    return watch.remark.empty() ? text : text + "; " + watch.remark;
}

}  // namespace

std::string to_json(const NodeState& state) {
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
                        {"writable", state.root->writable()},
                        {"suspended", state.root_suspended}};
        if (state.drill_time_left) json["root"]["drill_seconds_left"] = seconds_of(*state.drill_time_left);
    }
    if (state.watch)
        json["watchdog"] = {{"mode", state.watch->mode},
                            {"device", state.watch->device},
                            {"identity", state.watch->identity},
                            {"timeout_seconds", state.watch->timeout},
                            {"remark", state.watch->remark}};
    if (!state.last_end.empty()) json["last_end"] = state.last_end;
    json["survival"] = nlohmann::json::array();
    for (const auto& process : state.survival)
        json["survival"].push_back({{"pid", process.pid}, {"name", process.name}});
    json["fence"] = to_json(state.fence);
    json["footholds"] = state.footholds.size();
    json["chroot"] = {{"used_bytes", state.chroot_used}, {"size_bytes", state.chroot_size}};
    if (state.place) {
        json["chroot"]["wanted"] = state.place->wanted;
        json["chroot"]["on_disk"] = state.place->on_disk();
        json["chroot"]["device"] = state.place->device;
        json["chroot"]["filesystem"] = state.place->filesystem;
        json["chroot"]["disk_free_bytes"] = state.disk_free;
        json["chroot"]["reason"] = state.place->reason;
    }
    return json.dump(1) + "\n";
}

std::string to_text(const NodeState& state) {
    std::string text;
    const auto row = [&](std::string_view name, const std::string& value) {
        text += fmt::format("{:<9} {}\n", name, value);
    };
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
        row("root", fmt::format("{} {} {}{}", state.root->source, state.root->filesystem,
                                state.root->writable() ? "read-write" : "READ-ONLY", suspension(state)));
    }
    row("chroot", fmt::format("{:.1f} of {:.0f} MB used", static_cast<double>(state.chroot_used) / 1e6,
                              static_cast<double>(state.chroot_size) / 1e6));
    if (state.place && state.place->on_disk())
        row("", fmt::format("programs {}, {:.0f} MB free there", state.place->text(),
                            static_cast<double>(state.disk_free) / 1e6));
    if (state.place && !state.place->reason.empty())
        row("", fmt::format("programs in memory, not at {}: {}", state.place->wanted, state.place->reason));
    if (state.watch) row("watchdog", watchdog_text(*state.watch));
    if (!state.last_end.empty()) row("last end", state.last_end);
    std::string processes;
    for (const auto& process : state.survival)
        processes += fmt::format("{}{} ({})", processes.empty() ? "" : ", ", process.name, process.pid);
    row("survival", processes.empty() ? "none" : processes);
    if (const std::string fence = to_text(state.fence); !fence.empty()) row("fencing", fence);
    for (const std::string& fault : state.faults) row("FAULT", fault);
    return text;
}

}  // namespace pando::initrd
