// SPDX-License-Identifier: GPL-2.0-or-later
// From a node's NICs to the lines of `ip -batch`. Pure: nothing here looks at the system.
#include "config/values.h"
#include "initrd/network.h"

#include <strings.h>
#include <algorithm>
#include <set>

namespace pando::initrd {
namespace {

using config::Nic;
using hwdetect::NetworkInterface;

bool same_mac(std::string_view a, std::string_view b) {
    return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

std::string found_nics(const hwdetect::Machine& machine) {
    std::string text;
    for (const auto& nic : machine.nics) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", nic.name, nic.mac);
    return text.empty() ? "none" : text;
}

Result<const NetworkInterface*> by_mac(const config::Node& node, const Nic& nic, const hwdetect::Machine& machine) {
    const NetworkInterface* found = nullptr;
    for (const auto& candidate : machine.nics) {
        if (!same_mac(candidate.mac, *nic.mac)) continue;
        if (found != nullptr)
            return fail("node {}: {} and {} both have {}'s MAC {}", node.name, found->name, candidate.name, nic.name,
                        *nic.mac)
                .advise("give each NIC its own MAC in the firmware's or enclosure's setup");
        found = &candidate;
    }
    if (found == nullptr)
        return fail("node {}: no NIC has {}'s MAC {}; found: {}", node.name, nic.name, *nic.mac, found_nics(machine))
            .advise(
                "was the card exchanged, or is its driver missing in the image? Correct mac: in cluster.yaml, "
                "or add the driver");
    return found;
}

class Planner {
public:
    Planner(const config::Node& node, const hwdetect::Machine& machine) : node_(node), machine_(machine) {}

    Result<std::vector<std::string>> plan() {
        add("link set dev lo up");
        TRY(rename_all());
        for (const Nic& nic : node_.nics) TRY(make(nic, 0));
        for (const Nic* nic : order_) TRY(configure(*nic));
        for (const Nic& nic : node_.nics) routes(nic);
        return std::move(lines_);
    }

private:
    template <typename... Args>
    void add(fmt::format_string<Args...> format, Args&&... args) {
        lines_.push_back(fmt::format(format, std::forward<Args>(args)...));
    }

    // Two rounds, since the name one NIC is to have may be another's now: all that stand in the way step aside
    // first. A NIC that is up cannot be renamed.
    Result<> rename_all() {
        struct Renaming {
            std::string now, wanted;
        };
        std::vector<Renaming> renamings;
        std::set<std::string> wanted;
        for (const Nic& nic : node_.nics) {
            wanted.insert(nic.name);
            if (!nic.mac) continue;
            const auto* found = TRY(by_mac(node_, nic, machine_));
            if (found->name != nic.name) renamings.push_back({found->name, nic.name});
        }
        int aside = 0;
        for (const auto& present : machine_.nics) {
            auto moving = std::find_if(renamings.begin(), renamings.end(),
                                       [&](const Renaming& renaming) { return renaming.now == present.name; });
            const bool in_plan = planned(present);
            std::string name = present.name;
            if (wanted.count(name) != 0 && (moving != renamings.end() || !in_plan)) {
                name = fmt::format("pando-aside{}", aside++);
                rename(present.name, name);
                if (moving != renamings.end()) moving->now = name;
            }
            // What DHCP gave before the plan was known stays nowhere: the lease may be another machine's next.
            if (!in_plan) flush(name);
        }
        for (const Renaming& renaming : renamings) rename(renaming.now, renaming.wanted);
        return {};
    }

    bool planned(const NetworkInterface& present) const {
        return std::any_of(node_.nics.begin(), node_.nics.end(),
                           [&](const Nic& nic) { return nic.mac && same_mac(*nic.mac, present.mac); });
    }

    void rename(const std::string& from, const std::string& to) {
        add("link set dev {} down", from);
        add("link set dev {} name {}", from, to);
    }

    void flush(const std::string& name) { add("address flush dev {} scope global", name); }

    // Those below first: members before their bond or bridge, the link before its VLAN.
    Result<> make(const Nic& nic, size_t depth) {
        if (std::find(order_.begin(), order_.end(), &nic) != order_.end()) return {};
        if (depth > node_.nics.size())
            return bad_input("node {}: {} stands on itself", node_.name, nic.name)
                .advise("correct bond:, vlan: and bridge: of its nics in cluster.yaml");
        for (const std::string& name : nic.below()) TRY(make(*TRY(named(nic, name)), depth + 1));
        order_.push_back(&nic);
        return {};
    }

    Result<const Nic*> named(const Nic& above, const std::string& name) const {
        for (const Nic& nic : node_.nics)
            if (nic.name == name) return &nic;
        return bad_input("node {}: {} stands on {}, which is none of its nics", node_.name, above.name, name);
    }

    Result<> configure(const Nic& nic) {
        if (nic.mac) flush(nic.name);
        if (nic.bond) make_bond(nic, *nic.bond);
        if (nic.vlan) add("link add link {} name {} type vlan id {}", nic.vlan->link, nic.name, nic.vlan->id);
        if (nic.bridge) TRY(make_bridge(nic, *nic.bridge));
        // Before there are members: a bond gives them its own, a bridge takes the least of theirs unless it was told.
        if (nic.mtu) add("link set dev {} mtu {}", nic.name, *nic.mtu);
        if (nic.bond) join_bond(nic, *nic.bond);
        if (nic.bridge)
            for (const std::string& member : nic.bridge->members) add("link set dev {} master {}", member, nic.name);
        for (const std::string& address : nic.addresses)
            add("address replace {}{} dev {} valid_lft forever preferred_lft forever", address, broadcast(address),
                nic.name);
        const Nic* master = node_.master_of(nic.name);
        if (master == nullptr || !master->bond) add("link set dev {} up", nic.name);  // a bond does it for its members
        return {};
    }

    // The network's broadcast address, as systemd-networkd gives it: to an address without one it comes back for ever.
    static std::string_view broadcast(const std::string& address) {
        const auto cidr = config::parse_cidr(address);
        return cidr && !cidr->ip.v6 && cidr->prefix <= 30 ? " brd +" : "";
    }

    void make_bond(const Nic& nic, const config::Bond& bond) {
        std::string options;
        if (bond.lacp_rate) options += " lacp_rate " + *bond.lacp_rate;
        add("link add name {} type bond mode {} miimon {}{}", nic.name, bond.mode, bond.miimon.count(), options);
    }

    void join_bond(const Nic& nic, const config::Bond& bond) {
        for (const std::string& member : bond.members) {
            add("link set dev {} down", member);  // only then may it join
            add("link set dev {} master {}", member, nic.name);
        }
        if (bond.primary) add("link set dev {} type bond primary {}", nic.name, *bond.primary);
    }

    // Its MAC is said: the kernel's choice would change with the members, and with it what neighbours know. Without the
    // spanning tree there is no loop to listen for, so packets pass at once.
    Result<> make_bridge(const Nic& nic, const config::Bridge& bridge) {
        const Nic* hardware = node_.hardware_of(nic);
        if (hardware == nullptr)
            return bad_input("node {}: bridge {} stands on no NIC with a MAC", node_.name, nic.name)
                .advise("name a NIC, a bond or a VLAN first in bridge: members:");
        add("link add name {} address {} type bridge {}", nic.name, *hardware->mac,
            bridge.stp ? "stp_state 1" : "stp_state 0 forward_delay 0");
        return {};
    }

    // With the protocol number of an administrator's route, as systemd-networkd makes them: it finds its own there.
    void routes(const Nic& nic) {
        if (nic.gateway) add("route replace default via {} dev {} proto static", *nic.gateway, nic.name);
        for (const config::Route& route : nic.routes)
            add("route replace {} via {} dev {} proto static", route.destination, route.gateway, nic.name);
    }

    const config::Node& node_;
    const hwdetect::Machine& machine_;
    std::vector<const Nic*> order_;
    std::vector<std::string> lines_;
};

}  // namespace

Result<std::vector<std::string>> ip_commands(const config::Node& node, const hwdetect::Machine& machine) {
    return Planner(node, machine).plan();
}

}  // namespace pando::initrd
