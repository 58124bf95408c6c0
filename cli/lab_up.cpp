// SPDX-License-Identifier: GPL-2.0-or-later
// pando lab up: brings a cluster of virtual blades up.
#include "cli/command.h"
#include "cli/lab_options.h"
#include "cli/lab_table.h"

#include <cstdio>
#include <map>
#include <memory>

namespace pando::cli {

namespace {

struct UpOptions {
    LabChoice choice;
    lab::LabOptions lab;
    std::string netboot;
    std::string cluster;
    std::string lun;
    std::string acceleration = "auto";
    std::vector<std::string> node_arguments;
    std::vector<std::string> disks;
    bool no_power = false;
    uint32_t wait = 0;
};

// NODE=VALUE
template <typename Value>
Result<> read_by_node(const std::vector<std::string>& given, std::string_view example,
                      std::map<std::string, Value>& by_node) {
    for (const auto& pair : given) {
        const size_t equals = pair.find('=');
        if (equals == std::string::npos || equals == 0)
            return bad_input("'{}' names no node", pair).advise(fmt::format("write {}", example));
        by_node[pair.substr(0, equals)] = pair.substr(equals + 1);
    }
    return {};
}

}  // namespace

Action declare_lab_up(CLI::App& app) {
    auto options = std::make_shared<UpOptions>();
    options->choice.declare(app);
    app.add_option("--netboot", options->netboot, "directory with vmlinuz, pando.img")->required();
    app.add_option("--cluster", options->cluster, "cluster.yaml (default: the lab's own, see lab describe)");
    app.add_option("--blades", options->lab.blades, "how many, without --cluster")->capture_default_str();
    app.add_option("--lun", options->lun, "file with the root's LUN (default: a new one that goes with the lab)");
    app.add_option("--lun-size", options->lab.lun_size, "of a new LUN, e.g. 8G")
        ->transform(CLI::AsSizeValue(false))
        ->default_str("8G");
    app.add_option("--memory", options->lab.machine.memory_mib, "of a blade, MiB")->capture_default_str();
    app.add_option("--cpus", options->lab.machine.cpus, "of a blade")->capture_default_str();
    app.add_option("--acceleration", options->acceleration, "auto, kvm or tcg")->capture_default_str();
    app.add_option("--kernel-arguments", options->lab.kernel_arguments, "added on every blade");
    app.add_option("--node-arguments", options->node_arguments, "NODE=ARGUMENTS, added on one blade");
    app.add_option("--disk", options->disks, "NODE=FILE: the file is this blade's local disk (raw)");
    app.add_flag("--no-power", options->no_power, "services only, blades stay off");
    app.add_option("--wait", options->wait, "seconds to wait until every blade takes ssh logins");
    return [options]() -> Result<int> {
        lab::LabOptions& lab = options->lab;
        lab.name = options->choice.name;
        lab.state = options->choice.state;
        lab.netboot = options->netboot;
        lab.cluster_yaml = options->cluster;
        lab.lun = options->lun;
        lab.power_on = !options->no_power;
        lab.machine.acceleration = TRY(lab::parse_acceleration(options->acceleration));
        TRY(read_by_node(options->node_arguments, "--node-arguments n1='rd.pando.break=join'", lab.node_arguments));
        TRY(read_by_node(options->disks, "--disk n1=disk.img", lab.disks));
        const auto say = [](std::string_view line) {
            fmt::print("{}\n", line);
            std::fflush(stdout);
        };
        const auto up = TRY(lab::Lab::up(lab, say));
        if (options->wait > 0) {
            const Deadline deadline = Deadline::after(std::chrono::seconds(options->wait));
            for (const auto& node : up.cluster().nodes) {
                TRY(up.wait_for_ssh(node.name, deadline));
                say(fmt::format("{}: takes ssh logins", node.name));
            }
        }
        print_lab_table(up.status());
        return 0;
    };
}

}  // namespace pando::cli
