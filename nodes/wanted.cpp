// SPDX-License-Identifier: GPL-2.0-or-later
#include "nodes/wanted.h"

#include "config/check.h"
#include "config/load.h"
#include "config/placeholder.h"
#include "config/register.h"
#include "config/values.h"
#include "config/yaml_text.h"
#include "nodes/waiting.h"

#include <strings.h>
#include <algorithm>
#include <set>

namespace pando::nodes {
namespace {

using config::NodeText;

bool same(std::string_view one, std::string_view other) {
    return one.size() == other.size() && strncasecmp(one.data(), other.data(), one.size()) == 0;
}

std::string text_of(const NodeText& mapping, const char* key) {
    const auto it = mapping.find(key);
    if (it == mapping.end() || it->is_structured()) return {};
    return it->is_string() ? it->get<std::string>() : it->dump();
}

std::string bare(const std::string& address) { return address.substr(0, address.find('/')); }

// What of a profile counts for a new node.
struct ProfileNics {
    std::vector<std::string> hardware;
    std::string cluster;  // the NIC that gets an address when none has one
    bool addressed = false;
};

std::string text_of(const config::Value& mapping, const char* key) {
    const auto* value = mapping.find(key);
    return value == nullptr ? std::string() : value->text;
}

ProfileNics nics_of_profile(const config::YamlText& yaml, const std::string& profile) {
    ProfileNics out;
    const auto* nics = yaml.find({"profiles", profile, "nics"});
    for (size_t i = 0; nics != nullptr && i < nics->items.size(); ++i) {
        const config::Value& nic = nics->items[i];
        const std::string name = text_of(nic, "name");
        const bool bond = nic.find("bond") != nullptr;
        if (out.cluster.empty() || bond || text_of(nic, "cluster") == "true") out.cluster = name;
        out.addressed = out.addressed || nic.find("address") != nullptr || text_of(nic, "dhcp") == "true";
        if (!bond && nic.find("vlan") == nullptr && nic.find("bridge") == nullptr) out.hardware.push_back(name);
    }
    return out;
}

// NICs without a name are the profile's hardware in that order, as far as no NIC has the name; else lan0, lan1, …
void name_nics(NodeText& node, std::vector<std::string> names) {
    if (!node.contains("nics")) return;
    for (size_t i = 0; i < node["nics"].size(); ++i) names.push_back(fmt::format("lan{}", names.size()));
    for (const NodeText& nic : node["nics"]) std::erase(names, text_of(nic, "name"));
    auto next = names.begin();
    for (NodeText& nic : node["nics"]) {
        if (nic.contains("name")) continue;
        NodeText named = {{"name", *next++}};
        named.update(nic);
        nic = std::move(named);
    }
}

// Ports of a machine that the node has no use for stay out; without a profile it is one NIC, the one that booted.
void leave_out_spare_ports(NodeText& node, size_t wanted) {
    NodeText& nics = node["nics"];
    while (nics.size() > std::max<size_t>(wanted, 1)) nics.erase(nics.size() - 1);
}

bool has_address(const NodeText& node) {
    if (!node.contains("nics")) return false;
    return std::any_of(node["nics"].begin(), node["nics"].end(),
                       [](const NodeText& nic) { return nic.contains("address") || text_of(nic, "dhcp") == "true"; });
}

void set_address(NodeText& node, const ProfileNics& profile, const std::string& address) {
    NodeText& nics = node["nics"];
    if (nics.is_null()) nics = NodeText::array();
    std::string name = profile.cluster;
    for (const NodeText& nic : nics)
        if (name.empty() || text_of(nic, "cluster") == "true") name = text_of(nic, "name");
    for (NodeText& nic : nics)
        if (text_of(nic, "name") == name) {
            nic["address"] = address;
            return;
        }
    nics.push_back({{"name", name.empty() ? "lan0" : name}, {"address", address}});
}

NodeText with_nics(NodeText node, const ProfileNics& profile, const std::vector<std::string>& names,
                   const std::optional<std::string>& address) {
    name_nics(node, names);
    if (address) set_address(node, profile, *address);
    return node;
}

// The keys in the order in which people write them.
NodeText ordered(const NodeText& node) {
    NodeText out = NodeText::object();
    for (const char* key : {"name", "id", "profile", "machine", "nics", "fence"})
        if (node.contains(key)) out[key] = node[key];
    for (const auto& [key, value] : node.items())
        if (!out.contains(key)) out[key] = value;
    return out;
}

Error said_of(const Wanted& wanted, Error error) {
    return wanted.origin.empty() ? error : error.context(wanted.origin);
}

// Whether the node is as it is wanted, as far as the wish goes; else what is different.
std::string difference(const config::Node& node, const Wanted& wanted) {
    const auto differs = [&](const char* key, const std::string& is) {
        const std::string wish = text_of(wanted.keys, key);
        return !wish.empty() && wish != is;
    };
    if (differs("id", std::to_string(node.id))) return fmt::format("its id is {}", node.id);
    if (differs("profile", node.profile))
        return fmt::format("its profile is {}", node.profile.empty() ? "none" : node.profile);
    if (wanted.keys.contains("machine")) {
        const NodeText& machine = wanted.keys["machine"];
        const auto other = [&](const char* key, const std::optional<std::string>& is) {
            const std::string wish = text_of(machine, key);
            return !wish.empty() && !same(wish, is.value_or(""));
        };
        if (other("uuid", node.machine.uuid) || other("serial", node.machine.serial) ||
            other("asset", node.machine.asset))
            return "it is bound to another machine";
    }
    if (wanted.address && bare(*wanted.address) != node.cluster_address())
        return fmt::format("its address is {}", node.cluster_address());
    if (!wanted.keys.contains("nics")) return {};
    for (const NodeText& nic : wanted.keys["nics"]) {
        const std::string mac = text_of(nic, "mac");
        const auto has = [&](const config::Nic& own) { return own.mac && same(*own.mac, mac); };
        if (!mac.empty() && std::none_of(node.nics.begin(), node.nics.end(), has))
            return fmt::format("it has no NIC with MAC {}", mac);
    }
    return {};
}

// Whose is it already? The nodes that are, and the new ones before this.
class Taken {
public:
    explicit Taken(const config::Cluster& cluster) {
        for (const config::Node& node : cluster.nodes) {
            add("name", node.name, node.name);
            add("id", std::to_string(node.id), node.name);
            add("UUID", node.machine.uuid.value_or(""), node.name);
            add("serial", node.machine.serial.value_or(""), node.name);
            add("asset tag", node.machine.asset.value_or(""), node.name);
            for (const config::Nic& nic : node.nics) {
                add("MAC", nic.mac.value_or(""), node.name);
                for (const std::string& address : nic.addresses) add("address", bare(address), node.name);
            }
        }
    }

    Result<> take(const Wanted& wanted) {
        const NodeText& node = wanted.keys;
        const std::string name = text_of(node, "name");
        TRY(one("name", name, name));
        TRY(one("id", text_of(node, "id"), name));
        if (node.contains("machine")) {
            TRY(key("UUID", text_of(node["machine"], "uuid"), name));
            TRY(key("serial", text_of(node["machine"], "serial"), name));
            TRY(key("asset tag", text_of(node["machine"], "asset"), name));
        }
        if (node.contains("nics"))
            for (const NodeText& nic : node["nics"]) {
                TRY(one("MAC", text_of(nic, "mac"), name));
                TRY(one("address", bare(text_of(nic, "address")), name));
            }
        return {};
    }

private:
    void add(const char* kind, std::string value, const std::string& node) {
        std::transform(value.begin(), value.end(), value.begin(), [](unsigned char c) { return tolower(c); });
        if (!value.empty()) owners_.try_emplace({kind, value}, node);
    }
    Result<> key(const char* kind, const std::string& value, const std::string& node) {
        if (!value.empty() && config::is_placeholder(value))
            return bad_input("node {}: {} '{}' is a placeholder that many boards share: no machine is found by it",
                             node, kind, value)
                .advise("leave it out, and give another key of the machine, or a MAC of it");
        return one(kind, value, node);
    }
    Result<> one(const char* kind, std::string value, const std::string& node) {
        std::transform(value.begin(), value.end(), value.begin(), [](unsigned char c) { return tolower(c); });
        if (value.empty()) return {};
        const auto [it, fresh] = owners_.try_emplace({kind, value}, node);
        if (fresh) return {};
        if (std::string_view(kind) == "name")
            return bad_input("node {} is wanted twice", node)
                .advise("every node has its own name: take one of them out");
        return bad_input("node {}: the {} {} is already that of {}", node, kind, value, it->second)
            .advise(fmt::format("one machine is one node. pando node show {} tells what it is; a node that shall have "
                                "another machine: pando node replace {}",
                                it->second, it->second));
    }
    std::map<std::pair<std::string, std::string>, std::string> owners_;
};

std::vector<uint32_t> ids_of(const config::Cluster& cluster, const std::vector<Wanted>& wanted) {
    std::vector<uint32_t> ids;
    for (const config::Node& node : cluster.nodes) ids.push_back(node.id);
    for (const Wanted& one : wanted)
        if (const auto id = config::parse_number(text_of(one.keys, "id"), 1, UINT32_MAX))
            ids.push_back(static_cast<uint32_t>(*id));
    return ids;
}

// The addresses that the wish names itself, which nobody else shall get.
std::vector<std::string> addresses_of(const std::vector<Wanted>& wanted) {
    std::vector<std::string> addresses;
    for (const Wanted& one : wanted) {
        if (one.address) addresses.push_back(bare(*one.address));
        if (!one.keys.contains("nics")) continue;
        for (const NodeText& nic : one.keys["nics"]) addresses.push_back(bare(text_of(nic, "address")));
    }
    return addresses;
}

const config::Nic* first_static(const config::Cluster& cluster) {
    for (const config::Node& node : cluster.nodes)
        if (const config::Nic* nic = node.cluster_nic(); nic != nullptr && !nic->addresses.empty()) return nic;
    return nullptr;
}

Result<std::string> with_prefix(const config::Cluster& cluster, const std::string& address) {
    if (address.find('/') != std::string::npos) return address;
    const config::Nic* nic = first_static(cluster);
    if (nic == nullptr)
        return bad_input("address {} without a prefix length, and no node tells it", address)
            .advise("write it as 192.0.2.14/24");
    return address + nic->addresses.front().substr(nic->addresses.front().find('/'));
}

// Every address that cluster.yaml knows for anything.
std::set<std::string> known_addresses(const config::Cluster& cluster) {
    std::set<std::string> known;
    const auto add = [&](const std::string& text) {
        if (const auto ip = config::parse_ip(bare(text))) known.insert(ip->text());
    };
    add(cluster.boot.server);
    if (cluster.storage.iscsi)
        for (const std::string& portal : cluster.storage.iscsi->portals)
            if (const auto parsed = config::parse_portal(portal)) known.insert(parsed->ip.text());
    for (const config::Node& node : cluster.nodes) {
        for (const config::Nic& nic : node.nics) {
            for (const std::string& address : nic.addresses) add(address);
            add(nic.gateway.value_or(""));
        }
        for (const config::FenceDevice& device : node.fence)
            for (const auto& [option, value] : device.options) add(value);
    }
    return known;
}

config::Ip after(config::Ip ip) {
    for (int byte = ip.width() / 8 - 1; byte >= 0; --byte)
        if (++ip.bytes[static_cast<size_t>(byte)] != 0) break;
    return ip;
}

}  // namespace

Result<uint32_t> free_id(const std::vector<uint32_t>& taken) {
    for (uint32_t id = 1; id <= config::highest_claim; ++id)
        if (std::find(taken.begin(), taken.end(), id) == taken.end()) return id;
    return bad_input("all node ids up to {} are taken", config::highest_claim).advise("remove nodes that are no more");
}

Result<std::string> free_address(const config::Cluster& cluster, const std::vector<std::string>& also) {
    constexpr int most_tries = 65536;
    const config::Nic* nic = first_static(cluster);
    if (nic == nullptr)
        return bad_input("no node has an address of its own, so the next one cannot be told")
            .advise("give it: --address 192.0.2.14/24");
    const auto subnet = TRY(config::parse_cidr(nic->addresses.front()));
    auto known = known_addresses(cluster);
    for (const std::string& one : also)
        if (const auto ip = config::parse_ip(one)) known.insert(ip->text());
    const auto boot = config::parse_cidr(cluster.boot.subnet);
    const auto guests = boot ? std::optional(config::unknown_machines(*boot)) : std::nullopt;
    config::Ip ip = after(subnet.ip);
    for (int tries = 0; tries < most_tries && subnet.contains(ip); ++tries, ip = after(ip)) {
        if (known.contains(ip.text()) || (guests && guests->contains(ip))) continue;
        if (!ip.v6 && !subnet.contains(after(ip))) break;  // the last one is everybody's
        return fmt::format("{}/{}", ip.text(), subnet.prefix);
    }
    return bad_input("no address behind {} is free", nic->addresses.front()).advise("give one that is: --address");
}

Result<Additions> complete(const std::string& text, const std::vector<Wanted>& wanted) {
    const auto cluster = TRY(config::load_text(text, "cluster.yaml"));
    const auto yaml = TRY(config::YamlText::parse(text, "cluster.yaml"));
    Additions out;
    Taken taken(cluster);
    std::string next = text;
    auto ids = ids_of(cluster, wanted);
    auto addresses = addresses_of(wanted);
    for (Wanted one : wanted) {
        const std::string name = text_of(one.keys, "name");
        if (name.empty())
            return Failure(said_of(one, bad_input("a node without a name").advise("every node has one").error()));
        if (const config::Node* node = cluster.find_node(name)) {
            const std::string other = difference(*node, one);
            if (!other.empty())
                return Failure(said_of(
                    one,
                    bad_input("node {} is there already, and {}", name, other)
                        .advise(fmt::format("another machine for it: pando node replace {}; else another name", name))
                        .error()));
            out.already.push_back(name);
            continue;
        }
        const std::string profile = text_of(one.keys, "profile");
        const ProfileNics nics = nics_of_profile(yaml, profile);
        if (!one.keys.contains("id")) {
            const auto id = TRY(free_id(ids));
            ids.push_back(id);
            one.keys["id"] = id;
        }
        std::optional<std::string> address;
        if (one.address || (!nics.addressed && !has_address(one.keys))) {
            const auto given = one.address ? with_prefix(cluster, *one.address) : free_address(cluster, addresses);
            if (!given) return Failure(said_of(one, given.error()));
            address = *given;
            addresses.push_back(bare(*address));
        }
        if (one.all_ports) leave_out_spare_ports(one.keys, nics.hardware.size());
        auto named = with_nics(one.keys, nics, nics.hardware, address);
        // The machine's first MAC is that of the NIC it booted by. Which of the node's that is, the node as a whole
        // tells.
        if (one.all_ports) {
            const auto trial = config::add_nodes(next, {ordered(named)});
            if (!trial) return Failure(said_of(one, trial.error()));
            const auto with_it = TRY(config::load_text(*trial, "cluster.yaml"));
            named = with_nics(one.keys, nics, hardware_nics(*with_it.find_node(name), with_it), address);
        }
        one.keys = std::move(named);
        if (auto good = taken.take(one); !good) return Failure(said_of(one, good.error()));
        out.fresh.push_back(ordered(one.keys));
        // What else is wrong with it, by itself: of many rows, the one has to be named.
        auto with_it = config::add_nodes(next, {out.fresh.back()});
        if (!with_it) return Failure(said_of(one, with_it.error()));
        next = std::move(*with_it);
    }
    return out;
}

}  // namespace pando::nodes
