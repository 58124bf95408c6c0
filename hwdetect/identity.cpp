// SPDX-License-Identifier: GPL-2.0-or-later
#include "hwdetect/identity.h"

#include "hwdetect/placeholder.h"

#include <strings.h>
#include <algorithm>

namespace pando::hwdetect {
namespace {

// Strongest first.
enum class KeyKind { uuid, serial, asset, mac };

// The nodes that one key of the machine leads to.
struct Match {
    KeyKind kind;
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

Match by_key(KeyKind kind, std::string_view name, const std::string& value, Key key, const config::Cluster& cluster) {
    Match match{kind, fmt::format("{} {}", name, value), {}};
    if (is_placeholder(value)) return match;
    for (const config::Node& node : cluster.nodes)
        if (node.machine.*key && same(*(node.machine.*key), value)) match.nodes.push_back(&node);
    return match;
}

Match by_mac(const NetworkInterface& nic, const config::Cluster& cluster) {
    Match match{KeyKind::mac, "MAC " + nic.mac, {}};
    if (!has_lasting_mac(nic)) return match;
    const auto has_mac = [&](const config::Nic& wanted) { return wanted.mac && same(*wanted.mac, nic.mac); };
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
    Match uuid = by_key(KeyKind::uuid, "UUID", machine.uuid, &config::MachineIdentity::uuid, cluster);
    if (uuid.nodes.empty() && !machine.uuid.empty())
        uuid = by_key(KeyKind::uuid, "UUID", other_byte_order(machine.uuid), &config::MachineIdentity::uuid, cluster);
    keep(std::move(uuid));
    keep(by_key(KeyKind::serial, "serial", machine.serial, &config::MachineIdentity::serial, cluster));
    keep(by_key(KeyKind::asset, "asset tag", machine.asset, &config::MachineIdentity::asset, cluster));
    for (const NetworkInterface& nic : machine.nics) keep(by_mac(nic, cluster));
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
    int count = 0;
    for (const NetworkInterface& nic : machine.nics) {
        if (!has_lasting_mac(nic)) continue;
        if (count == 0) lines += "\n    nics:";
        lines += fmt::format("\n      - {{name: lan{}, mac: {}}}", count++, yaml_quoted(nic.mac));
    }
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

// One sentence behind the other.
class Remark {
public:
    void add(std::string_view text) {
        if (!text.empty()) text_ += fmt::format("{}{}", text_.empty() ? "" : "; ", text);
    }
    const std::string& text() const { return text_; }

private:
    std::string text_;
};

// What cluster.yaml says of the node's hardware and the hardware says otherwise.
std::string contradictions(const Machine& machine, const config::Node& node) {
    Remark remark;
    const auto compare = [&](std::string_view name, const std::optional<std::string>& wanted, const std::string& is) {
        if (wanted && !same(*wanted, is))
            remark.add(fmt::format("its {} is {}, cluster.yaml says {}", name, is.empty() ? "absent" : is, *wanted));
    };
    compare("UUID", node.machine.uuid, machine.uuid);
    compare("serial", node.machine.serial, machine.serial);
    compare("asset tag", node.machine.asset, machine.asset);
    return remark.text();
}

bool leads_to(const Match& match, const config::Node* node) {
    return std::find(match.nodes.begin(), match.nodes.end(), node) != match.nodes.end();
}

const config::Node* other_than(const config::Node* chosen, const Match& match) {
    for (const config::Node* node : match.nodes)
        if (node != chosen) return node;
    return nullptr;
}

Failure two_nodes(const Machine& machine, const Match& strongest, const Match& match, const config::Node* other) {
    const config::Node* chosen = strongest.nodes.front();
    const std::string also =
        match.key == strongest.key ? other->name : fmt::format("{} names {}", match.key, other->name);
    auto refusal = bad_input("this machine is two nodes: {} names {} and {} ({})", strongest.key, chosen->name, also,
                             describe(machine));
    const bool moved_nic = match.kind == KeyKind::mac && strongest.kind != KeyKind::mac;
    if (moved_nic)
        return refusal.advise(fmt::format(
            "was the NIC of {} put into the machine of {}, then put it back, or add its MAC to nics: of {}; "
            "do two boards share the key that names {}, then take another key for it in machine:",
            other->name, chosen->name, chosen->name, chosen->name));
    return refusal.advise(
        fmt::format("a key may belong to one node only: correct machine: and nics: of {} and {} in "
                    "cluster.yaml, or put a part that was moved back",
                    chosen->name, other->name));
}

bool differs(const std::optional<std::string>& wanted, const std::string& is) {
    return wanted && !same(*wanted, is) && !is_placeholder(*wanted) && !is_placeholder(is);
}

// Keys that lead to one node.
struct Agreement {
    bool uuid = false, serial = false, asset = false, mac = false;
};

Agreement agreement_with(const config::Node* node, const std::vector<Match>& matches) {
    Agreement agreement;
    for (const Match& match : matches) {
        if (!leads_to(match, node)) continue;
        if (match.kind == KeyKind::uuid) agreement.uuid = true;
        if (match.kind == KeyKind::serial) agreement.serial = true;
        if (match.kind == KeyKind::asset) agreement.asset = true;
        if (match.kind == KeyKind::mac) agreement.mac = true;
    }
    return agreement;
}

// What speaks against the machine being the node, although a key says so: "serial X in place of Y". Empty: nothing
// that counts. Some makers give all boards one UUID, and the asset tag may be that of the enclosure: what such a key
// says alone is less than what UUID and serial say against it.
std::string against(const Machine& machine, const config::MachineIdentity& bound, const Agreement& agreement) {
    const bool other_uuid = !agreement.uuid && differs(bound.uuid, machine.uuid);
    const bool other_serial = differs(bound.serial, machine.serial);
    if (agreement.serial) return {};  // with another UUID: a changed board
    // A NIC of the node beside its UUID: the board, or its serial, was changed. A NIC moves from a blade to the next
    // one of the enclosure, though: it outweighs one key that differs and not both.
    if (agreement.mac && !(other_uuid && other_serial)) return {};
    Remark remark;
    if (other_uuid) remark.add(fmt::format("UUID {} in place of {}", machine.uuid, *bound.uuid));
    if (other_serial) remark.add(fmt::format("serial {} in place of {}", machine.serial, *bound.serial));
    return remark.text();
}

// A machine that shares a key with a node, and is another one.
Failure only_resembles(const Machine& machine, const config::Cluster& cluster, const config::Node& node,
                       const Agreement& agreement, const std::string& differing) {
    std::string shared;
    const auto add = [&](bool agrees, std::string_view name) {
        if (agrees) shared += fmt::format("{}same {}", shared.empty() ? "" : ", ", name);
    };
    add(agreement.uuid, "UUID");
    add(agreement.asset, "asset tag");
    add(agreement.mac, "MAC");
    auto refusal = bad_input("this machine is no node of cluster {}: {}; it resembles {}: {}, but {}", cluster.name,
                             describe(machine), node.name, shared, differing);
    return refusal.advise(fmt::format(
        "shall it be {}, because its board or the whole blade was changed: `pando node replace {} --pending` "
        "binds the node to it; is it another machine, then take the key that both have out of machine: of {}",
        node.name, node.name, node.name));
}

// The node's NIC in another machine than the one it is bound to.
Failure only_its_nic(const Machine& machine, const Match& match, const config::Node& node) {
    return bad_input("this machine has a NIC of node {} ({}) and is not its machine: {} ({})", node.name, match.key,
                     contradictions(machine, node), describe(machine))
        .advise(fmt::format(
            "shall it be {}, then `pando node replace {} --pending` binds the node to it; was only the NIC moved, "
            "then put it back, or take its MAC out of nics: of {}",
            node.name, node.name, node.name));
}

// The remark about a key that is another node's and decides nothing: of a part that moved, or of the enclosure.
std::string others_key(const Match& match, const config::Node* owner) {
    if (match.kind == KeyKind::asset)
        return fmt::format("{} is that of node {}: is it the enclosure's? Take asset: out of machine: of {}", match.key,
                           owner->name, owner->name);
    return fmt::format("{} is of a NIC of node {}: was it moved here? cluster.yaml still has it there", match.key,
                       owner->name);
}

}  // namespace

Result<Identity> identify(const Machine& machine, const config::Cluster& cluster) {
    const std::vector<Match> matches = all_matches(machine, cluster);
    if (matches.empty()) return stranger(machine, cluster);
    const Match& strongest = matches.front();
    Identity identity;
    identity.node = strongest.nodes.front();
    identity.key = strongest.key;
    if (strongest.kind <= KeyKind::serial) identity.confidence = Confidence::certain;
    for (const Match& match : matches)
        if (leads_to(match, identity.node)) ++identity.agreeing;

    const config::MachineIdentity& bound = identity.node->machine;
    const bool other_machine = differs(bound.uuid, machine.uuid) || differs(bound.serial, machine.serial);
    if (strongest.kind == KeyKind::mac && strongest.nodes.size() == 1 && other_machine)
        return only_its_nic(machine, strongest, *identity.node);

    Remark remark;
    const std::string differing = contradictions(machine, *identity.node);
    if (!differing.empty()) remark.add(fmt::format("node {}: {}", identity.node->name, differing));
    for (const Match& match : matches) {
        const config::Node* other = other_than(identity.node, match);
        if (other == nullptr) continue;
        const bool movable = match.kind == KeyKind::mac || match.kind == KeyKind::asset;
        const bool part = movable && identity.confidence == Confidence::certain && !leads_to(match, identity.node);
        if (!part || identity.agreeing < 2) return two_nodes(machine, strongest, match, other);
        remark.add(others_key(match, other));
    }
    const Agreement agreement = agreement_with(identity.node, matches);
    if (const std::string other = against(machine, bound, agreement); strongest.kind != KeyKind::mac && !other.empty())
        return only_resembles(machine, cluster, *identity.node, agreement, other);
    if (strongest.kind != KeyKind::uuid && differs(bound.uuid, machine.uuid))
        remark.add(
            fmt::format("was its board changed? Put uuid: {} into machine: of {} (pando bundle get, edit, pando "
                        "bundle write)",
                        machine.uuid, identity.node->name));
    identity.remark = remark.text();
    return identity;
}

std::string why(const Identity& identity) {
    return fmt::format(
        "{}; {}, {}", identity.key, identity.confidence == Confidence::certain ? "certain" : "only likely",
        identity.agreeing == 1 ? "no other key agrees" : fmt::format("{} keys agree", identity.agreeing));
}

}  // namespace pando::hwdetect
