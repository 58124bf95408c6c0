// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/node_change.h"

#include "base/file.h"
#include "base/log.h"
#include "base/text_diff.h"
#include "cli/consent.h"
#include "config/secrets.h"
#include "config/slots.h"
#include "config/values.h"
#include "nodes/bundle_partition.h"
#include "nodes/lost_newest.h"
#include "nodes/waiting.h"

namespace pando::cli {
namespace {

// What is done already is not shown again.
Result<bool> show(const nodes::Change& change) {
    const auto [before, after] = config::without_secrets(change.before, change.after);
    fmt::print("{}", unified_diff(before, after, "cluster.yaml"));
    bool any = false;
    for (const Step& step : change.plan.steps()) {
        if (TRY(step.done())) continue;
        fmt::print("- {}\n", step.text);
        any = true;
    }
    for (const std::string& note : change.notes) fmt::print("note: {}\n", note);
    for (const std::string& question : change.questions) fmt::print("ATTENTION: {}\n", question);
    std::fflush(stdout);
    return any;
}

// As commands and editors leave it: the end of its only line is no part of the value.
Result<std::string> value_of_file(const std::string& name) {
    constexpr size_t value_limit = 4096;
    std::string text = TRY(read_file(name == "-" ? "/dev/stdin" : name, value_limit));
    if (text.ends_with('\n')) text.pop_back();
    if (text.empty() || text.find('\n') != std::string::npos)
        return bad_input("{} holds {}, a value is one line", name, text.empty() ? "nothing" : "several lines");
    return text;
}

}  // namespace

void add_options(CLI::App& app, NodeChangeOptions& options) {
    app.add_flag("--dry-run", options.dry_run, "show the change of cluster.yaml and the steps, do nothing");
    app.add_flag("--yes", options.yes, "do not ask");
}

Result<ClusterNow> read_cluster_now() {
    ClusterNow out;
    const std::string cluster = TRY(config::read_live_bundle()).cluster;
    out.store = TRY(nodes::open_bundle_partition());
    out.now = TRY(nodes::read_now(*out.store, TRY(config::read_newest(*out.store, cluster))));
    return out;
}

Result<int> change_nodes(const NodeChangeOptions& options, const nodes::Planner& planner) {
    const auto cluster = TRY(read_cluster_now());
    // Before the plan: one made from an older description may switch off the wrong machine.
    TRY(nodes::refuse_lost_newest(*cluster.store, cluster.now.bundle, cluster.now.claims));
    const auto means = TRY(nodes::means_of_this_node(*cluster.store));
    const auto change = TRY(nodes::plan_with_second_look(cluster.now, means, planner));
    if (!TRY(show(change))) {
        log::info("nothing to do: it is so already");
        return 0;
    }
    if (options.dry_run) return 0;
    if (!TRY(agreed(options.yes))) {
        log::info("nothing was done");
        return 1;
    }
    TRY(change.plan.execute(Plan::Mode::apply));
    for (const std::string& node : change.published->behind)
        log::warning("{} does not go by generation {} yet; it goes on trying (pando node list)", node,
                     change.published->generation);
    return 0;  // the change is made
}

Result<FenceOptions> parse_fence_options(const std::vector<std::string>& texts) {
    FenceOptions options;
    for (const std::string& text : texts) {
        const size_t equals = text.find('=');
        if (equals == 0 || equals == std::string::npos)
            return bad_input("{} is no OPTION=VALUE", text).advise("--fence-option ip=10.20.1.99");
        const std::string value = text.substr(equals + 1);
        options[text.substr(0, equals)] = value.starts_with("@") ? TRY(value_of_file(value.substr(1))) : value;
    }
    return options;
}

Result<config::Pending> choose_once(const nodes::Now& now, const std::string& which, std::string& boot) {
    if (!boot.empty()) return nodes::chosen_before(now.waiting, boot);
    auto chosen = TRY(nodes::choose(now.waiting, which));
    boot = chosen.boot;
    return chosen;
}

Result<config::NodeText> parse_machine(const std::string& text) {
    config::NodeText keys = config::NodeText::object();
    std::string_view rest = text;
    while (!rest.empty()) {
        const std::string_view part = rest.substr(0, rest.find(','));
        rest.remove_prefix(std::min(rest.size(), part.size() + 1));
        const size_t equals = part.find('=');
        if (equals == std::string_view::npos || equals + 1 == part.size())
            return bad_input("{} is no KEY=VALUE of a machine", part)
                .advise("uuid=…, serial=…, asset=…, mac=aa:bb:cc:dd:ee:ff or mac=lan0:aa:bb:cc:dd:ee:ff, with commas");
        const std::string key(part.substr(0, equals));
        const std::string value(part.substr(equals + 1));
        if (key == "uuid") {
            keys["machine"]["uuid"] = TRY(config::parse_uuid(value));
        } else if (key == "serial" || key == "asset") {
            keys["machine"][key] = value;
        } else if (key == "mac") {
            constexpr size_t mac_length = 17;
            const bool named = value.size() > mac_length && value[value.size() - mac_length - 1] == ':';
            config::NodeText nic = config::NodeText::object();
            if (named) nic["name"] = value.substr(0, value.size() - mac_length - 1);
            nic["mac"] = TRY(config::parse_mac(named ? value.substr(value.size() - mac_length) : value));
            keys["nics"].push_back(nic);
        } else {
            return bad_input("a machine has no key {}", key).advise("uuid, serial, asset, mac");
        }
    }
    return keys;
}

config::NodeText keys_of(const config::MachineRecord& machine) {
    config::NodeText keys = config::NodeText::object();
    if (machine.identity.uuid) keys["machine"]["uuid"] = *machine.identity.uuid;
    if (machine.identity.serial) keys["machine"]["serial"] = *machine.identity.serial;
    if (machine.identity.asset) keys["machine"]["asset"] = *machine.identity.asset;
    for (const std::string& mac : nodes::usable_macs(machine)) keys["nics"].push_back({{"mac", mac}});
    return keys;
}

}  // namespace pando::cli
