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
    bool untested_fence = false;
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

Result<nodes::Replacement> wanted_replacement(const ReplaceOptions& options, const nodes::Now& now,
                                              const nodes::Means& means, const FenceOptions& fence, std::string& boot,
                                              std::string& note) {
    const config::Node& node = *TRY(nodes::node_of(now, options.node));
    nodes::Replacement wanted{.node = options.node};
    for (const auto& [option, value] : fence) wanted.fence_options[option] = value;
    if (!options.pending) {
        wanted.binding = TRY(binding_from(now, node, options.with));
    } else if (boot.empty() && TRY(nodes::was_bound(now, means, node, *options.pending))) {
        wanted.binding = config::binding_of(node);
    } else {
        const auto chosen = TRY(choose_once(now, *options.pending, boot));
        auto own = nodes::without_shared_asset(chosen.machine, now.cluster, node.name);
        note = std::move(own.note);
        wanted.binding = TRY(nodes::bind(node, own.machine, now.cluster));
        wanted.boot = chosen.boot;
    }
    return wanted;
}

Result<nodes::Change> plan(const ReplaceOptions& options, nodes::Replacement wanted, const nodes::Now& now,
                           const nodes::Means& means) {
    const config::Node& node = *TRY(nodes::node_of(now, options.node));
    wanted.confirmed_off = options.confirm_off;
    // Whoever lives is not asked about: the plan refuses.
    nodes::Proof proof;
    if (!now.is_member(node) && !now.beats(node))
        proof = nodes::ask_whether_off(node, means.agents, Deadline::after(ask_limit));
    if (!options.confirm_off.empty())
        log::warning("node {}: that its machine is off is the operator's word: {}", node.name, options.confirm_off);
    auto change = TRY(nodes::plan_replacement(now, means, wanted, proof));
    if (!options.fence_options.empty() && !options.untested_fence && change.after != change.before)
        TRY(nodes::require_fence_answer(change.after, options.node, means));
    return change;
}

Result<int> replace(const ReplaceOptions& options) {
    if (options.with.empty() == !options.pending)
        return bad_input("which machine? Either --pending, one that waits, or --with, its keys")
            .advise(fmt::format("pando node pending shows who waits; pando node replace {} --pending", options.node));
    const auto fence = TRY(parse_fence_options(options.fence_options));
    std::string boot;
    return change_nodes(options.change, [&](const nodes::Now& now, const nodes::Means& means) -> Result<nodes::Change> {
        std::string note;
        auto wanted = TRY(wanted_replacement(options, now, means, fence, boot, note));
        auto change = TRY(plan(options, std::move(wanted), now, means));
        if (!note.empty()) change.notes.push_back(std::move(note));
        return change;
    });
}

Result<int> restore(const ReplaceOptions& options) {
    return change_nodes(options.change, [&](const nodes::Now& now, const nodes::Means& means) -> Result<nodes::Change> {
        return plan(options, TRY(nodes::what_to_restore(now, means, options.node)), now, means);
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
                   "of its first fence device, when the new machine's management has another: OPTION=VALUE; VALUE "
                   "@FILE: the line in it, @-: on the input")
        ->allow_extra_args(false);
    app.add_flag("--untested-fence", options->untested_fence, "do not ask the device whether these options are right");
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
