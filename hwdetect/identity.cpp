// SPDX-License-Identifier: GPL-2.0-or-later
#include "hwdetect/identity.h"

#include <strings.h>
#include <algorithm>

namespace pando::hwdetect {
namespace {

// The nodes that one key of the machine leads to.
struct Match {
    std::string key;  // "UUID 4c4c4544-…"
    std::vector<const config::Node*> nodes;
};

bool same(std::string_view a, std::string_view b) {
    return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

// 00112233-4455-6677-… <-> 33221100-5544-7766-…
std::string other_byte_order(const std::string& uuid) {
    constexpr int bytes[] = {6, 4, 2, 0, -1, 11, 9, -1, 16, 14};
    std::string out;
    for (const int at : bytes) out += at < 0 ? std::string("-") : uuid.substr(static_cast<size_t>(at), 2);
    return out + uuid.substr(18);
}

using Key = std::optional<std::string> config::MachineIdentity::*;

Match by_key(std::string_view name, const std::string& value, Key key, const config::Cluster& cluster) {
    Match match{fmt::format("{} {}", name, value), {}};
    if (value.empty()) return match;
    for (const config::Node& node : cluster.nodes)
        if (node.machine.*key && same(*(node.machine.*key), value)) match.nodes.push_back(&node);
    return match;
}

Match by_mac(const std::string& mac, const config::Cluster& cluster) {
    Match match{"MAC " + mac, {}};
    const auto has_mac = [&](const config::Nic& nic) { return nic.mac && same(*nic.mac, mac); };
    for (const config::Node& node : cluster.nodes)
        if (std::any_of(node.nics.begin(), node.nics.end(), has_mac)) match.nodes.push_back(&node);
    return match;
}

// Strongest first; keys that lead nowhere are left out.
std::vector<Match> all_matches(const Machine& machine, const config::Cluster& cluster) {
    std::vector<Match> matches;
    const auto keep = [&](Match match) {
        if (!match.nodes.empty()) matches.push_back(std::move(match));
    };
    Match uuid = by_key("UUID", machine.uuid, &config::MachineIdentity::uuid, cluster);
    if (uuid.nodes.empty() && !machine.uuid.empty())
        uuid = by_key("UUID", other_byte_order(machine.uuid), &config::MachineIdentity::uuid, cluster);
    keep(std::move(uuid));
    keep(by_key("serial", machine.serial, &config::MachineIdentity::serial, cluster));
    keep(by_key("asset tag", machine.asset, &config::MachineIdentity::asset, cluster));
    for (const NetworkInterface& nic : machine.nics) keep(by_mac(nic.mac, cluster));
    return matches;
}

std::string yaml_quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + "\"";
}

// The lines a person puts into the node's entry.
std::string yaml_lines(const Machine& machine) {
    std::string keys;
    const auto add = [&](std::string_view key, const std::string& value) {
        if (!value.empty()) keys += fmt::format("{}{}: {}", keys.empty() ? "" : ", ", key, yaml_quoted(value));
    };
    add("uuid", machine.uuid);
    add("serial", machine.serial);
    add("asset", machine.asset);
    std::string lines;
    if (!keys.empty()) lines += fmt::format("\n    machine: {{{}}}", keys);
    if (!machine.nics.empty()) lines += "\n    nics:";
    int count = 0;
    for (const NetworkInterface& nic : machine.nics)
        lines += fmt::format("\n      - {{name: lan{}, mac: {}}}", count++, yaml_quoted(nic.mac));
    return lines;
}

Failure stranger(const Machine& machine, const config::Cluster& cluster) {
    const std::string who = describe(machine);
    const std::string lines = yaml_lines(machine);
    auto refusal = bad_input("this machine is no node of cluster {}: {}", cluster.name, who);
    if (lines.empty())
        return refusal.advise(
            "its firmware gives no UUID, serial or asset tag, and no NIC has a driver: add its "
            "NIC's driver to the image, or have the firmware's fields filled");
    return refusal.advise("to make it one, put its identity into a node of cluster.yaml and write the bundle anew:" +
                          lines);
}

// What cluster.yaml says of the node's hardware and the hardware says otherwise.
std::string contradictions(const Machine& machine, const config::Node& node) {
    std::string text;
    const auto compare = [&](std::string_view name, const std::optional<std::string>& wanted, const std::string& is) {
        if (!wanted || same(*wanted, is)) return;
        text += fmt::format("{}its {} is {}, cluster.yaml says {}", text.empty() ? "" : "; ", name,
                            is.empty() ? "absent" : is, *wanted);
    };
    compare("UUID", node.machine.uuid, machine.uuid);
    compare("serial", node.machine.serial, machine.serial);
    compare("asset tag", node.machine.asset, machine.asset);
    return text.empty() ? text : fmt::format("node {}: {}", node.name, text);
}

}  // namespace

Result<Identity> identify(const Machine& machine, const config::Cluster& cluster) {
    const std::vector<Match> matches = all_matches(machine, cluster);
    if (matches.empty()) return stranger(machine, cluster);
    const Match& strongest = matches.front();
    const config::Node* chosen = strongest.nodes.front();
    for (const Match& match : matches) {
        for (const config::Node* node : match.nodes) {
            if (node == chosen) continue;
            const std::string other =
                match.key == strongest.key ? node->name : fmt::format("{} names {}", match.key, node->name);
            return bad_input("this machine is two nodes: {} names {} and {} ({})", strongest.key, chosen->name, other,
                             describe(machine))
                .advise(fmt::format("a key may belong to one node only: correct machine: and nics: of {} and {} in "
                                    "cluster.yaml, or put a NIC that was moved back",
                                    chosen->name, node->name));
        }
    }
    return Identity{chosen, strongest.key, contradictions(machine, *chosen)};
}

}  // namespace pando::hwdetect
