// SPDX-License-Identifier: GPL-2.0-or-later
// pando node show: all about one node.
#include "base/log.h"
#include "cdsl/layout.h"
#include "cli/command.h"
#include "cli/node_change.h"
#include "config/schema.h"
#include "config/ssh_keys.h"
#include "nodes/roster.h"
#include "nodes/waiting.h"

#include <filesystem>
#include <memory>

namespace pando::cli {
namespace {

struct ShowOptions {
    std::string node;
    bool json = false;
};

std::string or_dash(const std::optional<std::string>& value) { return value.value_or("-"); }

// Lines of known_hosts for the rescue ssh: to be there before the first login.
void print_rescue(const nodes::Now& now, const config::Node& node) {
    const auto authkey = now.bundle.files.find("authkey");
    if (authkey == now.bundle.files.end()) return;
    const auto key = config::rescue_host_key(authkey->second, node.name);
    if (!key) return log::write(key.error());
    fmt::print("  rescue ssh: [{}]:{} {}\n", node.cluster_address(), now.cluster.rescue.port, key->public_line);
}

void print(const nodes::Now& now, const config::Node& node, const std::string& tree) {
    const auto line = nodes::roster_line(now, node);
    fmt::print("{}: {}\n", node.name, nodes::name_of(line.life));
    fmt::print("  id {}, profile {}, address {}\n", node.id, node.profile.empty() ? "-" : node.profile, line.address);
    fmt::print("  bound to UUID {}, serial {}, asset tag {}\n", or_dash(node.machine.uuid),
               or_dash(node.machine.serial), or_dash(node.machine.asset));
    for (const config::Nic& nic : node.nics)
        fmt::print("  NIC {}: MAC {}, address {}{}\n", nic.name, or_dash(nic.mac),
                   nic.addresses.empty() ? "-" : fmt::format("{}", fmt::join(nic.addresses, " ")),
                   nic.cluster ? ", the cluster's" : "");
    for (const config::FenceDevice& device : node.fence) {
        std::vector<std::string> options;
        for (const auto& [option, value] : device.options)
            options.push_back(fmt::format("{}={}", option, config::is_secret(option) ? "(set)" : value));
        fmt::print("  fence device {}: {} {}\n", device.name, device.agent, fmt::join(options, " "));
    }
    if (const auto* claim = now.claim_of(node))
        fmt::print("  claimed by {}; it {}, and goes by generation {} of {}\n", nodes::describe(claim->machine),
                   now.beats(node) ? "runs" : "is silent", claim->generation, now.bundle.generation);
    else
        fmt::print("  no machine has claimed it\n");
    if (now.cluster.rescue.in_boot()) print_rescue(now, node);
    fmt::print("  tree {}\n", tree.empty() ? "none yet: it is made at the first boot" : tree);
}

Result<int> show(const ShowOptions& options) {
    const auto cluster = TRY(read_cluster_now());
    const config::Node& node = *TRY(nodes::node_of(cluster.now, options.node));
    std::string tree = fmt::format("/{}/{}", cdsl::nodes_directory, node.name);
    std::error_code error;
    if (!std::filesystem::is_directory(tree, error)) tree.clear();
    if (!options.json) {
        print(cluster.now, node, tree);
        return 0;
    }
    auto json = nodes::node_json(cluster.now, node);
    json["tree"] = tree.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(tree);
    fmt::print("{}\n", json.dump(2));
    return 0;
}

}  // namespace

Action declare_node_show(CLI::App& app) {
    auto options = std::make_shared<ShowOptions>();
    app.add_option("NODE", options->node, "which")->required();
    app.add_flag("--json", options->json, "for programs");
    return [options] { return show(*options); };
}

}  // namespace pando::cli
