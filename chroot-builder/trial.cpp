// SPDX-License-Identifier: GPL-2.0-or-later
#include "chroot-builder/trial.h"

#include "config/fence_agent.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <algorithm>
#include <array>
#include <map>

namespace pando::chroot {
namespace {

namespace fs = std::filesystem;

struct VersionRow {
    std::string_view program;
    std::string_view argument;
    std::string_view says;
};
constexpr std::array<VersionRow, 9> version_rows = {{
    {"corosync", "-v", "Corosync Cluster Engine"},
    {"corosync-cfgtool", "-h", "corosync-cfgtool"},
    {"corosync-cmapctl", "-h", "corosync-cmapctl"},
    {"corosync-quorumtool", "-V", "version"},
    {"dlm_controld", "-V", "dlm_controld"},
    {"dlm_tool", "-V", "dlm_tool"},
    {"iscsid", "-v", "iscsid version"},
    {"busybox", "true", ""},
    {"pando-survival", "--version", "pando"},
}};

constexpr std::chrono::seconds device_limit{60};

bool was_asked_for(const Entry& entry, std::string_view relation) {
    const auto matches = [&](const Reason& reason) { return reason.by.empty() && reason.relation == relation; };
    return entry.kind == Entry::Kind::file && std::any_of(entry.reasons.begin(), entry.reasons.end(), matches);
}

}  // namespace

Trials trials_for(const Manifest& manifest, const config::Cluster& cluster, Devices devices, bool configured) {
    Trials trials;
    std::map<std::string, fs::path> agents;
    for (const auto& [path, entry] : manifest.entries) {
        const std::string name = path.filename().string();
        if (was_asked_for(entry, "fence agent")) {
            agents[name] = agents[path.string()] = path;
            trials.all.push_back({.name = name + ": metadata",
                                  .argv = {path.string()},
                                  .input = "action=metadata\n",
                                  .expected = "<resource-agent"});
        }
        if (!was_asked_for(entry, "asked for")) continue;
        const auto row = std::find_if(version_rows.begin(), version_rows.end(),
                                      [&](const VersionRow& known) { return known.program == name; });
        if (row == version_rows.end()) {
            trials.untried.push_back(path.string());
            continue;
        }
        trials.all.push_back({.name = fmt::format("{} {}", name, row->argument),
                              .argv = {path.string(), std::string(row->argument)},
                              .input = {},
                              .expected = std::string(row->says)});
        if (configured && name == "corosync")
            trials.all.push_back(
                {.name = "corosync -t (its configuration)", .argv = {path.string(), "-t"}, .input = {}});
    }
    if (devices == Devices::leave_alone) return trials;
    for (const auto& node : cluster.nodes) {
        for (const auto& device : node.fence) {
            const auto agent = agents.find(device.agent);
            // One that is not inside under its name fails, and says so.
            const fs::path program = agent != agents.end() ? agent->second : fs::path("/usr/sbin") / device.agent;
            trials.all.push_back(
                {.name = fmt::format("{}: status of {} by {}", program.filename().string(), node.name, device.name),
                 .argv = {program.string()},
                 .input = config::agent_input(device, "status"),
                 .good = {config::agent_says_on, config::agent_says_off},
                 .expected = {},
                 .limit = device_limit});
        }
    }
    return trials;
}

}  // namespace pando::chroot
