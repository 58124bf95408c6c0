// SPDX-License-Identifier: GPL-2.0-or-later
// pando node add: nodes that the cluster has not yet.
#include "base/node_range.h"
#include "cli/command.h"
#include "cli/node_change.h"
#include "nodes/import.h"
#include "nodes/waiting.h"

#include <memory>

namespace pando::cli {
namespace {

struct AddOptions {
    std::string range;
    std::string profile;
    std::string machine;
    std::string address;
    std::string from;
    uint32_t id = 0;
    bool untested_fence = false;
    std::vector<std::string> fence_options;
    std::optional<std::string> pending;
    NodeChangeOptions change;
};

Result<std::vector<nodes::Wanted>> wanted_nodes(const AddOptions& options, const nodes::Now& now,
                                                const FenceOptions& fence, std::string& boot,
                                                std::vector<std::string>& notes) {
    if (!options.from.empty()) return nodes::read_import(options.from);
    const auto names = TRY(node_range(options.range));
    const bool one_machine = !options.machine.empty() || options.pending || options.id != 0 || !options.address.empty();
    if (names.size() > 1 && one_machine)
        return bad_input("a machine, an id or an address is of one node, {} are named", names.size())
            .advise("name one node, or give the machines of all with --from FILE.csv");
    std::vector<nodes::Wanted> all;
    for (const std::string& name : names) {
        nodes::Wanted wanted{.keys = TRY(parse_machine(options.machine))};
        const bool again = options.pending && boot.empty() && nodes::was_added(now, name, *options.pending);
        if (options.pending && !again) {
            const auto chosen = TRY(choose_once(now, *options.pending, boot));
            const auto own = nodes::without_shared_asset(chosen.machine, now.cluster, name);
            if (!own.note.empty()) notes.push_back(own.note);
            wanted.keys = keys_of(own.machine);
            wanted.all_ports = true;
        }
        wanted.keys["name"] = name;
        if (!options.profile.empty()) wanted.keys["profile"] = options.profile;
        if (options.id != 0) wanted.keys["id"] = options.id;
        if (!options.address.empty()) wanted.address = options.address;
        for (const auto& [option, value] : fence) wanted.keys["fence"][0]["options"][option] = value;
        all.push_back(std::move(wanted));
    }
    return all;
}

Result<int> add(const AddOptions& options) {
    if (options.range.empty() == options.from.empty())
        return bad_input("either a name or --from FILE, not both")
            .advise("pando node add n4 --profile blade --pending");
    const auto fence = TRY(parse_fence_options(options.fence_options));
    std::string boot;
    return change_nodes(options.change, [&](const nodes::Now& now, const nodes::Means& means) -> Result<nodes::Change> {
        std::vector<std::string> notes;
        const auto wanted = TRY(wanted_nodes(options, now, fence, boot, notes));
        auto change = TRY(nodes::plan_addition(now, means, wanted));
        change.notes.insert(change.notes.begin(), notes.begin(), notes.end());
        const bool ask = !fence.empty() && !options.untested_fence && change.after != change.before;
        for (const nodes::Wanted& one : wanted)
            if (ask) TRY(nodes::require_fence_answer(change.after, one.keys.at("name").get<std::string>(), means));
        return change;
    });
}

}  // namespace

Action declare_node_add(CLI::App& app) {
    auto options = std::make_shared<AddOptions>();
    app.add_option("NODE", options->range, "its name; several: n[4-7], with --from none");
    app.add_option("--profile", options->profile, "one of profiles: in cluster.yaml");
    app.add_option("--machine", options->machine,
                   "what it is bound to: uuid=…,serial=…,asset=…,mac=…; mac=lan1:… for a certain NIC");
    app.add_option("--pending", options->pending,
                   "bind it to a machine that waits: its number, a MAC, UUID or serial; without: the only one")
        ->expected(0, 1)
        ->default_str("");
    app.add_option("--id", options->id, "node id; else the lowest that is free")
        ->check(CLI::Range(1U, config::highest_claim));
    app.add_option("--address", options->address, "of the cluster's NIC; else the profile's, or the next that is free");
    app.add_option("--fence-option", options->fence_options,
                   "of its first fence device: OPTION=VALUE; VALUE @FILE: the line in it, @-: on the input")
        ->allow_extra_args(false);
    app.add_flag("--untested-fence", options->untested_fence, "do not ask the device whether these options are right");
    app.add_option("--from", options->from, "nodes from a table: FILE.csv or FILE.yaml; a bad row, and nothing is done")
        ->check(CLI::ExistingFile);
    add_options(app, options->change);
    return [options] { return add(*options); };
}

}  // namespace pando::cli
