// SPDX-License-Identifier: GPL-2.0-or-later
// pando node replace, restore, approve: which machine is a node.
#include "base/log.h"
#include "cli/command.h"
#include "cli/node_change.h"
#include "nodes/waiting.h"

#include <memory>

namespace pando::cli {
namespace {

struct ReplaceOptions {
    std::string node;
    std::string with;
    std::optional<std::string> pending;
    std::vector<std::string> fence_options;
    std::string confirm_off;
    NodeChangeOptions change;
};

constexpr Milliseconds ask_limit{30000};

// The MACs go to the node's hardware NICs in their order where no NIC is named.
Result<config::Binding> binding_from(const nodes::Now& now, const config::Node& node, const std::string& text) {
    const auto keys = TRY(parse_machine(text));
    config::MachineRecord machine;
    std::map<std::string, std::string> named;
    if (keys.contains("machine"))
        for (const auto& [key, value] : keys["machine"].items()) {
            auto& member = key == "uuid"     ? machine.identity.uuid
                           : key == "serial" ? machine.identity.serial
                                             : machine.identity.asset;
            member = value.get<std::string>();
        }
    config::Binding binding{machine.identity, {}};
    const auto names = nodes::hardware_nics(node, now.cluster);
    size_t place = 0;
    if (keys.contains("nics"))
        for (const auto& nic : keys["nics"]) {
            if (!nic.contains("name") && place == names.size())
                return bad_input("node {} has {} NICs, more MACs are given", node.name, names.size());
            binding.macs[nic.contains("name") ? nic["name"].get<std::string>() : names[place++]] =
                nic["mac"].get<std::string>();
        }
    return binding;
}

// Given again after the machine went on booting: it waits no more, and is bound as the last change has it.
Result<bool> was_done(const nodes::Now& now, const nodes::Means& means, const config::Node& node) {
    if (!now.waiting.empty()) return false;
    const auto last = TRY(nodes::last_rebinding(means.root, node.name));
    return last && last->after == config::binding_of(node);
}

Result<config::Binding> wanted_binding(const ReplaceOptions& options, const nodes::Now& now,
                                       const nodes::Means& means) {
    const config::Node& node = *TRY(nodes::node_of(now, options.node));
    if (!options.pending) return binding_from(now, node, options.with);
    if (TRY(was_done(now, means, node))) return config::binding_of(node);
    return nodes::bind(node, TRY(nodes::choose(now.waiting, *options.pending)).machine, now.cluster);
}

Result<nodes::Change> plan(const ReplaceOptions& options, const config::Binding& binding, const nodes::Now& now,
                           const nodes::Means& means) {
    const config::Node& node = *TRY(nodes::node_of(now, options.node));
    nodes::Replacement wanted{options.node, binding, {}, options.confirm_off};
    for (const std::string& option : options.fence_options) {
        const size_t equals = option.find('=');
        if (equals == 0 || equals == std::string::npos) return bad_input("{} is no OPTION=VALUE", option);
        wanted.fence_options[option.substr(0, equals)] = option.substr(equals + 1);
    }
    // Whoever lives is not asked about: the plan refuses.
    nodes::Proof proof;
    if (!now.is_member(node) && !now.beats(node))
        proof = nodes::ask_whether_off(node, means.agents, Deadline::after(ask_limit));
    if (!options.confirm_off.empty())
        log::warning("node {}: that its machine is off is the operator's word: {}", node.name, options.confirm_off);
    return nodes::plan_replacement(now, means, wanted, proof);
}

Result<int> replace(const ReplaceOptions& options) {
    if (options.with.empty() == !options.pending)
        return bad_input("which machine? Either --pending, one that waits, or --with, its keys")
            .advise(fmt::format("pando node pending shows who waits; pando node replace {} --pending", options.node));
    return change_nodes(options.change, [&](const nodes::Now& now, const nodes::Means& means) -> Result<nodes::Change> {
        return plan(options, TRY(wanted_binding(options, now, means)), now, means);
    });
}

Result<int> restore(const ReplaceOptions& options) {
    return change_nodes(options.change, [&](const nodes::Now& now, const nodes::Means& means) -> Result<nodes::Change> {
        return plan(options, TRY(nodes::binding_to_restore(now, means, options.node)), now, means);
    });
}

void add_common(CLI::App& app, ReplaceOptions& options) {
    app.add_option("NODE", options.node, "which")->required();
    app.add_option(
        "--confirm-off", options.confirm_off,
        "the machine that it has now is off, on your word, when no fence device can tell; the reason is kept");
    add_options(app, options.change);
}

}  // namespace

Action declare_node_replace(CLI::App& app) {
    auto options = std::make_shared<ReplaceOptions>();
    add_common(app, *options);
    app.add_option("--with", options->with,
                   "the new machine: uuid=…,serial=…,asset=…,mac=…; mac=lan1:… for a certain NIC");
    app.add_option("--pending", options->pending,
                   "a machine that waits: its number, a MAC, UUID or serial; without: the only one")
        ->expected(0, 1)
        ->default_str("");
    app.add_option("--fence-option", options->fence_options,
                   "of its first fence device, when the new machine's management has another: OPTION=VALUE")
        ->allow_extra_args(false);
    return [options] { return replace(*options); };
}

Action declare_node_restore(CLI::App& app) {
    auto options = std::make_shared<ReplaceOptions>();
    add_common(app, *options);
    return [options] { return restore(*options); };
}

Action declare_node_approve(CLI::App& app) {
    auto options = std::make_shared<ReplaceOptions>();
    auto which = std::make_shared<std::string>();
    add_common(app, *options);
    app.add_option("MACHINE", *which, "that waits: its number, a MAC, UUID or serial; without: the only one");
    return [options, which] {
        options->pending = *which;
        return replace(*options);
    };
}

}  // namespace pando::cli
