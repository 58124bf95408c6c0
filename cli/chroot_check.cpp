// SPDX-License-Identifier: GPL-2.0-or-later
// pando chroot check: does anything that must survive a frozen root stand on it, and is its memory locked? It asks the
// root nothing.
#include "chroot-builder/residence.h"
#include "cli/command.h"
#include "cli/node_chroot.h"

#include <fmt/format.h>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

namespace pando::cli {
namespace {

struct Survivor {
    pid_t pid = 0;
    chroot::Memory memory;
    std::vector<chroot::Foothold> footholds;
};

struct Findings {
    std::vector<Survivor> survivors;
    uint64_t chroot_bytes = 0;  // 0 also when there is no chroot
    bool stands_apart() const {
        const auto clean = [](const Survivor& survivor) { return survivor.footholds.empty(); };
        return !survivors.empty() && std::all_of(survivors.begin(), survivors.end(), clean);
    }
    // The daemons; what they start for a moment is read from files that the keeper holds.
    bool in_memory() const {
        const auto locked = [](const Survivor& survivor) {
            return !survivor.memory.process.starts_with('@') || survivor.memory.locked > 0;
        };
        return std::all_of(survivors.begin(), survivors.end(), locked);
    }
};

Result<Findings> look() {
    Findings findings;
    const dev_t root = TRY(chroot::device_of_mount("/"));
    for (const pid_t pid : TRY(chroot::survival_processes())) {
        auto footholds = TRY(chroot::footholds({pid}, root));
        auto memory = chroot::memory_of(pid);
        if (!memory) continue;  // ended meanwhile
        findings.survivors.push_back({pid, std::move(*memory), std::move(footholds)});
    }
    if (chroot::device_of_mount(chroot::chroot_path))
        findings.chroot_bytes = TRY(chroot::used_bytes(chroot::chroot_path));
    return findings;
}

std::string as_json(const Findings& findings) {
    auto processes = nlohmann::ordered_json::array();
    for (const Survivor& survivor : findings.survivors) {
        auto footholds = nlohmann::ordered_json::array();
        for (const auto& foothold : survivor.footholds)
            footholds.push_back({{"how", foothold.how}, {"path", foothold.path}});
        processes.push_back({{"pid", survivor.pid},
                             {"process", survivor.memory.process},
                             {"resident_bytes", survivor.memory.resident},
                             {"locked_bytes", survivor.memory.locked},
                             {"footholds", std::move(footholds)}});
    }
    const nlohmann::ordered_json document = {{"stands_apart", findings.stands_apart()},
                                             {"in_memory", findings.in_memory()},
                                             {"chroot", chroot::chroot_path},
                                             {"chroot_bytes", findings.chroot_bytes},
                                             {"place", place_json(place_of(chroot::chroot_path))},
                                             {"processes", std::move(processes)}};
    return document.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

void print_table(const Findings& findings) {
    const auto megabytes = [](uint64_t bytes) { return static_cast<double>(bytes) / 1e6; };
    fmt::print("{:>7}  {:20}  {:>11}  {:>9}  {}\n", "PID", "PROCESS", "RESIDENT MB", "LOCKED MB",
               "FOOTHOLDS ON THE ROOT");
    for (const Survivor& survivor : findings.survivors) {
        fmt::print("{:>7}  {:20}  {:>11.1f}  {:>9.1f}  {}\n", survivor.pid, survivor.memory.process,
                   megabytes(survivor.memory.resident), megabytes(survivor.memory.locked),
                   survivor.footholds.empty() ? "none" : std::to_string(survivor.footholds.size()));
        for (const auto& foothold : survivor.footholds) fmt::print("{:>9}{}: {}\n", "", foothold.how, foothold.path);
    }
    fmt::print("{}: {:.1f} MB of memory\n", chroot::chroot_path, megabytes(findings.chroot_bytes));
    print_place(place_of(chroot::chroot_path));
    if (!findings.in_memory()) fmt::print("a daemon's memory is not locked: with swap it can be slow or stuck\n");
    if (findings.survivors.empty()) fmt::print("no survival process runs here\n");
}

}  // namespace

Action declare_chroot_check(CLI::App& app) {
    auto json = std::make_shared<bool>(false);
    app.add_flag("--json", *json, "for programs");
    return [json]() -> Result<int> {
        const auto findings = TRY(look());
        if (*json)
            fmt::print("{}\n", as_json(findings));
        else
            print_table(findings);
        return findings.stands_apart() && findings.in_memory() ? 0 : 1;
    };
}

}  // namespace pando::cli
