// SPDX-License-Identifier: GPL-2.0-or-later
// pando config init: a cluster.yaml to begin with, from what this host tells; again, it adds only what is missing.
#include "base/file.h"
#include "base/log.h"
#include "base/node_range.h"
#include "cli/command.h"
#include "cli/node_change.h"
#include "cli/proposed_file.h"
#include "config/load.h"
#include "nodes/proposal.h"

#include <filesystem>
#include <memory>

namespace pando::cli {
namespace {

namespace fs = std::filesystem;

constexpr size_t inventory_limit = 4U << 20U;
constexpr const char* this_machine = "this";

struct InitOptions {
    ProposedFileOptions file;
    nodes::Wishes wishes;
    std::vector<std::string> nodes, fence_options;
    std::string root = "/";
};

Result<nlohmann::ordered_json> read_inventory_file(const std::string& file) {
    auto text = read_file(file, inventory_limit);
    if (!text) {
        Error error = text.error();
        error.kind = ErrorKind::bad_input;
        return Failure(error).advise("on the machine: pando hw probe --json > NAME.json");
    }
    auto json = nlohmann::ordered_json::parse(*text, nullptr, false);
    if (!json.is_object() || !json.contains("nics"))
        return bad_input("{} is no inventory of a machine", file)
            .advise("on the machine: pando hw probe --json > NAME.json");
    return json;
}

// NAME, NAMES as in n[1-3], NAME=FILE or NAME=this.
Result<std::vector<nodes::ProposedNode>> proposed_nodes(const std::vector<std::string>& words,
                                                        const nodes::HostFacts& facts) {
    std::vector<nodes::ProposedNode> all;
    for (const std::string& word : words) {
        const size_t equals = word.find('=');
        if (equals == std::string::npos) {
            for (const std::string& name : TRY(node_range(word))) all.push_back({.name = name});
            continue;
        }
        nodes::ProposedNode node{.name = word.substr(0, equals)};
        const std::string machine = word.substr(equals + 1);
        node.this_machine = machine == this_machine;
        node.machine = node.this_machine ? facts.machine : TRY(read_inventory_file(machine));
        all.push_back(std::move(node));
    }
    for (size_t i = 0; i < all.size(); ++i)
        for (size_t j = 0; j < i; ++j)
            if (all[i].name == all[j].name)
                return bad_input("node {} is named twice", all[i].name).advise("once is enough");
    return all;
}

Result<int> init(InitOptions options) {
    const auto root = TRY(Sysroot::open(options.root));
    const auto facts = TRY(nodes::read_host(root, nodes::ask_host(root)));
    for (const std::string& fault : facts.faults) log::warning("{}", fault);
    options.wishes.nodes = TRY(proposed_nodes(options.nodes, facts));
    options.wishes.fence_options = TRY(parse_fence_options(options.fence_options));
    auto file = TRY(ProposedFile::open(options.file));
    auto proposal = TRY(nodes::propose(facts, options.wishes, file.text(), file.shown()));
    return file.settle({std::move(proposal.text), std::move(proposal.found), std::move(proposal.missing)});
}

}  // namespace

Action declare_config_init(CLI::App& app) {
    auto options = std::make_shared<InitOptions>();
    auto& wishes = options->wishes;
    app.add_option("--name", wishes.name, "of the cluster; it stays for good");
    app.add_option("--network", wishes.network,
                   "where blades boot: an interface of this host, or an address or subnet on one");
    app.add_option("--dhcp", wishes.dhcp, "who gives blades their addresses: this server, or another one (proxy)")
        ->check(CLI::IsMember({"server", "proxy"}));
    app.add_option("--lun", wishes.lun, "the LUN of the root: its device, multipath map or identity");
    app.add_option("--node", options->nodes,
                   "a node: NAME=FILE with its machine's `pando hw probe --json`, NAME=this for this machine, or names "
                   "alone: n[1-3]")
        ->allow_extra_args(false);
    app.add_option("--bmc", wishes.bmc, "address of the nodes' BMCs: 10.20.1.{id+10}");
    app.add_option("--fence-agent", wishes.fence_agent, "what speaks to them")->capture_default_str();
    app.add_option("--fence-option", options->fence_options,
                   "of all fence devices: OPTION=VALUE; VALUE @FILE: the line in it, @-: on the input")
        ->allow_extra_args(false);
    app.add_option("--root", options->root, "look at this tree: a recorded machine")->check(CLI::ExistingDirectory);
    add_options(app, options->file);
    return [options] { return init(*options); };
}

}  // namespace pando::cli
