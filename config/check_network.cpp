// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/check_network.h"

#include "config/values.h"

#include <fmt/ranges.h>
#include <algorithm>
#include <set>

namespace pando::config {

namespace {

constexpr uint32_t ethernet_mtu = 1500;  // of a NIC that nobody told another
constexpr uint32_t ipv6_mtu = 1280;      // RFC 8200: the least that IPv6 works with
constexpr size_t resolver_limit = 3;     // name servers the C library asks

// One node's interfaces.
class NodeCheck {
public:
    NodeCheck(const Node& node, size_t index, const Value& root, Complaints& complaints)
        : node_(node), index_(index), root_(root), complaints_(complaints) {}

    void interfaces() {
        names();
        for (size_t j = 0; j < node_.nics.size(); ++j) kind(j);
        for (size_t j = 0; j < node_.nics.size(); ++j) standing(j);
        loops();
        cluster_nic();
        for (size_t j = 0; j < node_.nics.size(); ++j) {
            membership(j);
            addressing(j);
            if (!looped_) frames(j);
        }
        resolvers();
    }

    Mark place_of(size_t j, std::initializer_list<Step> below) const {
        return place(value_at(root_, {"nodes", index_, "nics", j}), below);
    }

private:
    const Node& node_;
    size_t index_;
    const Value& root_;
    Complaints& complaints_;
    bool looped_ = false;
    std::map<std::string, std::string> taken_;  // member to its bond or bridge
    std::map<std::pair<std::string, uint16_t>, std::string> vlans_;
    std::map<std::string, std::string> routes_;  // destination to the NIC that has it
    std::set<bool> gateways_;                    // address families that have a default route

    void say(size_t j, std::initializer_list<Step> below, std::string_view what, std::string_view advice) {
        complaints_.add(place_of(j, below), what, advice);
    }

    void names() {
        std::set<std::string> seen;
        for (size_t j = 0; j < node_.nics.size(); ++j)
            if (!seen.insert(node_.nics[j].name).second)
                say(j, {"name"}, fmt::format("two NICs of {} are called {}", node_.name, node_.nics[j].name),
                    "every NIC of a node has its own name");
    }

    // Hardware, or one thing made of others.
    void kind(size_t j) {
        const Nic& nic = node_.nics[j];
        std::vector<std::string_view> kinds;
        if (nic.bond) kinds.emplace_back("a bond");
        if (nic.vlan) kinds.emplace_back("a VLAN");
        if (nic.bridge) kinds.emplace_back("a bridge");
        if (kinds.size() > 1)
            say(j, {}, fmt::format("{} is {} at once", nic.name, fmt::join(kinds, " and ")),
                "make several interfaces of it, one on the other: bond, VLAN on the bond, bridge of the VLAN");
        if (nic.mac && !kinds.empty())
            say(j, {"mac"}, fmt::format("{} is no hardware, it needs no MAC", nic.name),
                "give the MACs of the NICs below it");
        if (!nic.mac && kinds.empty())
            say(j, {}, fmt::format("{} of {} has no MAC", nic.name, node_.name),
                "add mac: from `ip link` on the machine; a NIC is found by it");
    }

    // What it stands on is there, and nothing else has it.
    void standing(size_t j) {
        const Nic& nic = node_.nics[j];
        if (nic.bond) {
            members(j, "bond", nic.bond->members);
            bond_options(j);
        }
        if (nic.bridge) members(j, "bridge", nic.bridge->members);
        if (!nic.vlan) return;
        const std::string& link = nic.vlan->link;
        if (node_.find_nic(link) == nullptr || link == nic.name) {
            say(j, {"vlan", "link"}, fmt::format("{} has no NIC {}", node_.name, link),
                "the name of another NIC of this node");
            return;
        }
        if (const Nic* master = node_.master_of(link); master != nullptr && master->bond)
            say(j, {"vlan", "link"}, fmt::format("{} is a member of bond {}", link, master->name),
                fmt::format("a VLAN on the bond: link: {}", master->name));
        const auto [it, fresh] = vlans_.try_emplace({link, nic.vlan->id}, nic.name);
        if (!fresh)
            say(j, {"vlan", "id"}, fmt::format("VLAN {} on {} is already {}", nic.vlan->id, link, it->second),
                "one interface per VLAN of a link");
    }

    void members(size_t j, const char* kind, const std::vector<std::string>& names) {
        const Nic& nic = node_.nics[j];
        if (names.empty())
            say(j, {kind, "members"}, fmt::format("{} {} has no member", kind, nic.name),
                "name the NICs it is made of");
        for (size_t k = 0; k < names.size(); ++k) {
            const Nic* member = node_.find_nic(names[k]);
            const auto refuse = [&](std::string_view what, std::string_view advice) {
                say(j, {kind, "members", k}, what, advice);
            };
            if (nic.bond && (member == nullptr || !member->mac))
                refuse(fmt::format("{} has no NIC {} with a MAC", node_.name, names[k]), "add it to nics:");
            else if (member == nullptr)
                refuse(fmt::format("{} has no NIC {}", node_.name, names[k]), "add it to nics:");
            else if (nic.bridge && member->bridge)
                refuse(fmt::format("{} is a bridge itself", names[k]), "give its members to this one");
            else if (const auto [it, fresh] = taken_.try_emplace(names[k], nic.name); !fresh)
                refuse(fmt::format("{} is already a member of {}", names[k], it->second), "one bond or bridge per NIC");
        }
    }

    void bond_options(size_t j) {
        const Bond& bond = *node_.nics[j].bond;
        if (bond.lacp_rate && bond.mode != "802.3ad")
            say(j, {"bond", "lacp_rate"}, fmt::format("mode {} has no lacp_rate", bond.mode),
                "leave it out, or mode: 802.3ad");
        if (!bond.primary) return;
        if (bond.mode != "active-backup" && bond.mode != "balance-tlb" && bond.mode != "balance-alb")
            say(j, {"bond", "primary"}, fmt::format("mode {} has no primary", bond.mode),
                "leave it out, or mode: active-backup");
        else if (std::find(bond.members.begin(), bond.members.end(), *bond.primary) == bond.members.end())
            say(j, {"bond", "primary"}, fmt::format("{} is no member of {}", *bond.primary, node_.nics[j].name),
                fmt::format("one of {}", fmt::join(bond.members, ", ")));
    }

    // The first interface of every loop is told, with the way around.
    void loops() {
        std::set<std::string> harmless;
        for (size_t j = 0; j < node_.nics.size(); ++j) {
            std::vector<std::string> way;
            if (!stands_on_itself(node_.nics[j], way, harmless)) continue;
            looped_ = true;
            say(j, {}, fmt::format("{} stands on itself: {}", node_.nics[j].name, fmt::join(way, " on ")),
                "correct bond:, vlan: and bridge: of these NICs");
            return;
        }
    }

    bool stands_on_itself(const Nic& nic, std::vector<std::string>& way, std::set<std::string>& harmless) const {
        const bool seen = std::find(way.begin(), way.end(), nic.name) != way.end();
        way.push_back(nic.name);
        if (seen) return true;
        if (harmless.count(nic.name) == 0)
            for (const auto& name : nic.below())
                if (const Nic* below = node_.find_nic(name); below != nullptr)
                    if (stands_on_itself(*below, way, harmless)) return true;
        harmless.insert(nic.name);
        way.pop_back();
        return false;
    }

    void cluster_nic() {
        const auto count =
            std::count_if(node_.nics.begin(), node_.nics.end(), [](const Nic& nic) { return nic.cluster; });
        if (count != 1)
            complaints_.add(place(root_, {"nodes", index_, "nics"}),
                            fmt::format("{} NICs of {} are the cluster's", count, node_.name),
                            "exactly one NIC per node says cluster: true");
    }

    // A member only carries what its bond or bridge sends.
    void membership(size_t j) {
        const Nic& nic = node_.nics[j];
        const auto master = taken_.find(nic.name);
        if (master == taken_.end()) return;
        const auto refuse = [&](const char* key, std::string_view what) {
            say(j, {key}, fmt::format("{} is a member of {} and has {}", nic.name, master->second, what),
                fmt::format("it belongs to {}", master->second));
        };
        if (!nic.addresses.empty()) refuse("address", "an address");
        if (nic.dhcp) refuse("dhcp", "an address by DHCP");
        if (!nic.routes.empty()) refuse("routes", "routes");
        if (!nic.dns.empty()) refuse("dns", "name servers");
        if (!nic.search.empty()) refuse("search", "search domains");
    }

    void addressing(size_t j) {
        const Nic& nic = node_.nics[j];
        if (!nic.addresses.empty() && nic.dhcp) say(j, {"dhcp"}, "address: and dhcp: at once", "one of the two");
        if (nic.cluster && nic.addresses.empty())
            say(j, {},
                fmt::format("{}, the cluster NIC of {}, has no address{}", nic.name, node_.name,
                            nic.dhcp ? " of its own, DHCP may give it another any time" : ""),
                "corosync needs one that never changes: address:");
        if (nic.gateway) {
            if (!is_neighbour(nic, *nic.gateway))
                say(j, {"gateway"}, fmt::format("gateway {} is not in the network of {}", *nic.gateway, nic.name),
                    "a neighbour of this NIC's address:");
            else
                default_route(j, {"gateway"}, *nic.gateway);
        }
        for (size_t k = 0; k < nic.routes.size(); ++k) route(j, k);
    }

    void default_route(size_t j, std::initializer_list<Step> below, const std::string& gateway) {
        const auto ip = parse_ip(gateway);
        if (ip && !gateways_.insert(ip->v6).second)
            say(j, below, fmt::format("a second gateway of {}", node_.name), "one default route per node and family");
    }

    void route(size_t j, size_t k) {
        const Nic& nic = node_.nics[j];
        const Route& route = nic.routes[k];
        const auto destination = parse_cidr(route.destination);
        const auto gateway = parse_ip(route.gateway);
        if (!destination || !gateway) return;
        if (destination->ip.v6 != gateway->v6)
            say(j, {"routes", k, "gateway"},
                fmt::format("{} and its gateway {} are of two families", route.destination, route.gateway),
                "IPv4 goes by an IPv4 neighbour, IPv6 by an IPv6 one");
        else if (!is_neighbour(nic, route.gateway))
            say(j, {"routes", k, "gateway"},
                fmt::format("gateway {} is not in the network of {}", route.gateway, nic.name),
                "a neighbour of this NIC's address:");
        else if (destination->prefix == 0)
            default_route(j, {"routes", k, "destination"}, route.gateway);
        else if (const auto [it, fresh] = routes_.try_emplace(route.destination, nic.name); !fresh)
            say(j, {"routes", k, "destination"},
                fmt::format("{} has a route to {} already, through {}", node_.name, route.destination, it->second),
                "one route per destination");
    }

    static bool is_neighbour(const Nic& nic, std::string_view gateway) {
        const auto ip = parse_ip(gateway);
        return ip && std::any_of(nic.addresses.begin(), nic.addresses.end(), [&](const std::string& address) {
                   const auto cidr = parse_cidr(address);
                   return cidr && cidr->contains(*ip) && !(cidr->ip == *ip);
               });
    }

    uint32_t mtu_of(const Nic& nic) const {
        if (const Nic* master = node_.master_of(nic.name); master != nullptr && master->bond) return mtu_of(*master);
        if (nic.mtu) return *nic.mtu;
        if (nic.vlan)
            if (const Nic* link = node_.find_nic(nic.vlan->link); link != nullptr) return mtu_of(*link);
        if (!nic.bridge) return ethernet_mtu;
        std::optional<uint32_t> least;
        for (const auto& name : nic.bridge->members)
            if (const Nic* member = node_.find_nic(name); member != nullptr)
                least = std::min(least.value_or(UINT32_MAX), mtu_of(*member));
        return least.value_or(ethernet_mtu);
    }

    void frames(size_t j) {
        const Nic& nic = node_.nics[j];
        const Nic* master = node_.master_of(nic.name);
        if (nic.mtu && master != nullptr && master->bond && *nic.mtu != master->mtu.value_or(ethernet_mtu))
            say(j, {"mtu"},
                fmt::format("{} is a member of {}, whose MTU is {}", nic.name, master->name, mtu_of(*master)),
                "members get the bond's: give mtu: there");
        const bool carried = nic.vlan || nic.bridge;
        for (const auto& name : nic.below()) {
            const Nic* below = node_.find_nic(name);
            if (!nic.mtu || !carried || below == nullptr || *nic.mtu <= mtu_of(*below)) continue;
            say(j, {"mtu"},
                fmt::format("MTU {} of {} is above that of {}, {}", *nic.mtu, nic.name, name, mtu_of(*below)),
                fmt::format("give {} mtu: {} as well, or this one less", name, *nic.mtu));
        }
        const bool v6 = std::any_of(nic.addresses.begin(), nic.addresses.end(),
                                    [](const std::string& address) { return address.find(':') != std::string::npos; });
        if (v6 && mtu_of(nic) < ipv6_mtu)
            say(j, {"mtu"}, fmt::format("{} has an IPv6 address and MTU {}", nic.name, mtu_of(nic)),
                fmt::format("IPv6 needs {} at least", ipv6_mtu));
    }

    void resolvers() {
        size_t count = 0;
        for (size_t j = 0; j < node_.nics.size(); ++j) {
            count += node_.nics[j].dns.size();
            if (count <= resolver_limit) continue;
            say(j, {"dns"}, fmt::format("{} name servers of {}", count, node_.name),
                fmt::format("the C library asks {} at most", resolver_limit));
            return;
        }
    }
};

}  // namespace

void NetworkCheck::node(size_t index) {
    const Node& node = cluster_.nodes[index];
    NodeCheck check(node, index, root_, complaints_);
    check.interfaces();
    for (size_t j = 0; j < node.nics.size(); ++j) {
        const Nic& nic = node.nics[j];
        if (nic.mac) macs_.add(*nic.mac, node.name, check.place_of(j, {"mac"}));
        for (size_t k = 0; k < nic.addresses.size(); ++k) {
            const auto cidr = parse_cidr(nic.addresses[k]);
            if (!cidr) continue;
            const Mark mark = check.place_of(j, {"address", k});
            addresses_.add(cidr->ip.text(), node.name, mark);
            if (!nic.cluster || k != 0) continue;
            if (!family_) family_ = cidr->ip.v6;
            if (*family_ != cidr->ip.v6)
                complaints_.add(mark, "cluster addresses are partly IPv4 and partly IPv6", "one family for all nodes");
        }
    }
}

}  // namespace pando::config
