// SPDX-License-Identifier: GPL-2.0-or-later
// From a node's NICs to the lines of `ip -batch`. Pure: nothing here looks at the system.
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
        for (const Nic* nic : order_) configure(*nic);
        for (const Nic& nic : node_.nics)
            if (nic.gateway) add("route replace default via {} dev {}", *nic.gateway, nic.name);
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
            const bool keeps_its_name = moving == renamings.end() && planned(present);
            if (keeps_its_name || wanted.count(present.name) == 0) continue;
            const std::string temporary = fmt::format("pando-aside{}", aside++);
            rename(present.name, temporary);
            if (moving != renamings.end()) moving->now = temporary;
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

    // Those below first: members before their bond, the link before its VLAN.
    Result<> make(const Nic& nic, size_t depth) {
        if (std::find(order_.begin(), order_.end(), &nic) != order_.end()) return {};
        if (depth > node_.nics.size())
            return bad_input("node {}: {} stands on itself", node_.name, nic.name)
                .advise("correct bond: and vlan: of its nics in cluster.yaml");
        if (nic.bond)
            for (const std::string& member : nic.bond->members) TRY(make(*TRY(named(nic, member)), depth + 1));
        if (nic.vlan) TRY(make(*TRY(named(nic, nic.vlan->link)), depth + 1));
        order_.push_back(&nic);
        return {};
    }

    Result<const Nic*> named(const Nic& above, const std::string& name) const {
        for (const Nic& nic : node_.nics)
            if (nic.name == name) return &nic;
        return bad_input("node {}: {} stands on {}, which is none of its nics", node_.name, above.name, name);
    }

    void configure(const Nic& nic) {
        if (nic.mac) add("address flush dev {} scope global", nic.name);  // what DHCP gave before the plan was known
        if (nic.bond) {
            constexpr int link_check = 100;  // ms between looks at the members' links; 0, the kernel's own, is never
            add("link add name {} type bond mode {} miimon {}", nic.name, nic.bond->mode, link_check);
            for (const std::string& member : nic.bond->members) {
                add("link set dev {} down", member);  // only then may it join
                add("link set dev {} master {}", member, nic.name);
            }
        }
        if (nic.vlan) add("link add link {} name {} type vlan id {}", nic.vlan->link, nic.name, nic.vlan->id);
        if (nic.mtu) add("link set dev {} mtu {}", nic.name, *nic.mtu);
        if (nic.address)
            add("address replace {} dev {} valid_lft forever preferred_lft forever", *nic.address, nic.name);
        add("link set dev {} up", nic.name);
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
