// SPDX-License-Identifier: GPL-2.0-or-later
#include "nodes/waiting.h"

#include "config/values.h"
#include "hwdetect/placeholder.h"

#include <strings.h>
#include <algorithm>
#include <charconv>
#include <set>

namespace pando::nodes {
namespace {

bool same(const std::string& one, const std::string& other) { return strcasecmp(one.c_str(), other.c_str()) == 0; }

bool has_mac(const config::MachineRecord& machine, const std::string& mac) {
    return std::any_of(machine.macs.begin(), machine.macs.end(),
                       [&](const std::string& own) { return same(own, mac); });
}

bool is_meant(const config::MachineRecord& machine, const std::string& which) {
    return has_mac(machine, which) || (machine.identity.uuid && same(*machine.identity.uuid, which)) ||
           (machine.identity.serial && same(*machine.identity.serial, which));
}

std::string numbered(const std::vector<config::Pending>& waiting) {
    std::vector<std::string> lines;
    for (size_t i = 0; i < waiting.size(); ++i)
        lines.push_back(fmt::format("{}: {}", i + 1, describe(waiting[i].machine)));
    return fmt::format("{}", fmt::join(lines, "; "));
}

}  // namespace

std::string describe(const config::MachineRecord& machine) {
    std::vector<std::string> parts;
    if (!machine.vendor.empty() || !machine.product.empty())
        parts.push_back(fmt::format("{}{}{}", machine.vendor,
                                    machine.vendor.empty() || machine.product.empty() ? "" : " ", machine.product));
    if (machine.identity.serial) parts.push_back("serial " + *machine.identity.serial);
    if (machine.identity.asset) parts.push_back("asset tag " + *machine.identity.asset);
    if (machine.identity.uuid) parts.push_back("UUID " + *machine.identity.uuid);
    if (!machine.macs.empty())
        parts.push_back(fmt::format("MAC{} {}", machine.macs.size() == 1 ? "" : "s", fmt::join(machine.macs, " ")));
    if (!machine.address.empty()) parts.push_back("at " + machine.address);
    return parts.empty() ? "a machine that says nothing of itself" : fmt::format("{}", fmt::join(parts, ", "));
}

Result<config::Pending> choose(const std::vector<config::Pending>& waiting, const std::string& which) {
    if (waiting.empty())
        return bad_input("no machine waits to become a node")
            .advise(
                "switch it on and look at its console: one that is no node yet waits at stage identity. pando node "
                "pending --watch 2 shows it when it comes");
    if (which.empty()) {
        if (waiting.size() == 1) return waiting.front();
        return bad_input("{} machines wait: {}", waiting.size(), numbered(waiting))
            .advise("say which: by its number, a MAC, its UUID or its serial number");
    }
    std::vector<config::Pending> meant;
    std::copy_if(waiting.begin(), waiting.end(), std::back_inserter(meant),
                 [&](const config::Pending& one) { return is_meant(one.machine, which); });
    if (meant.size() > 1)
        return bad_input("{} is that of {} machines that wait: {}", which, meant.size(), numbered(meant))
            .advise("boards with equal keys are told apart by a MAC");
    if (meant.size() == 1) return meant.front();
    size_t place = 0;
    const auto [end, error] = std::from_chars(which.data(), which.data() + which.size(), place);
    if (error == std::errc() && end == which.data() + which.size() && place >= 1 && place <= waiting.size())
        return waiting[place - 1];
    return bad_input("{} is no machine that waits; there {}: {}", which, waiting.size() == 1 ? "is" : "are",
                     numbered(waiting))
        .advise("name it by its number, a MAC, its UUID or its serial number");
}

Result<config::Pending> chosen_before(const std::vector<config::Pending>& waiting, const std::string& boot) {
    const auto it =
        std::find_if(waiting.begin(), waiting.end(), [&](const config::Pending& one) { return one.boot == boot; });
    if (it != waiting.end()) return *it;
    return bad_input("the machine that was chosen waits no more")
        .advise("look at its console; pando node pending shows who waits now");
}

bool waits(const std::vector<config::Pending>& waiting, const std::string& which) {
    return std::any_of(waiting.begin(), waiting.end(),
                       [&](const config::Pending& one) { return is_meant(one.machine, which); });
}

bool is_bound_to(const config::Binding& binding, const config::MachineRecord& machine) {
    config::MachineIdentity own = machine.identity;
    if (!binding.machine.asset && (own.uuid || own.serial)) own.asset.reset();
    if (!(config::Binding{own, {}} == config::Binding{binding.machine, {}})) return false;
    return std::all_of(binding.macs.begin(), binding.macs.end(),
                       [&](const auto& nic) { return has_mac(machine, nic.second); });
}

bool is_place(const std::string& which) {
    return !which.empty() && std::all_of(which.begin(), which.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool names(const std::string& which, const config::Binding& binding) {
    config::MachineRecord machine{.identity = binding.machine};
    for (const auto& [nic, mac] : binding.macs) machine.macs.push_back(mac);
    return is_meant(machine, which);
}

std::vector<std::string> resemblances(const config::MachineRecord& machine, const config::Cluster& cluster) {
    std::vector<std::string> lines;
    for (const config::Node& node : cluster.nodes) {
        std::vector<std::string> equal, other;
        const auto compare = [&](const char* name, const std::optional<std::string>& own,
                                 const std::optional<std::string>& is) {
            if (!own || !is) return;
            (same(*own, *is) ? equal : other).emplace_back(name);
        };
        compare("UUID", node.machine.uuid, machine.identity.uuid);
        compare("serial", node.machine.serial, machine.identity.serial);
        compare("asset tag", node.machine.asset, machine.identity.asset);
        for (const config::Nic& nic : node.nics)
            if (nic.mac && has_mac(machine, *nic.mac)) equal.push_back("MAC " + *nic.mac);
        if (equal.empty()) continue;
        lines.push_back(fmt::format("its {} {} {}'s{}{}", fmt::join(equal, ", "), equal.size() == 1 ? "is" : "are",
                                    node.name, other.empty() ? "" : ", not its ", fmt::join(other, ", ")));
    }
    return lines;
}

std::vector<std::string> hardware_nics(const config::Node& node, const config::Cluster& cluster) {
    const auto subnet = config::parse_cidr(cluster.boot.subnet);
    const auto boots = [&](const config::Nic& nic) {
        return std::any_of(nic.addresses.begin(), nic.addresses.end(), [&](const std::string& text) {
            const auto address = config::parse_cidr(text);
            return subnet && address && subnet->contains(address->ip);
        });
    };
    // Those that have an address of the boot network, and all that is below them.
    std::set<std::string> booting;
    std::vector<std::string> look;
    for (const config::Nic& nic : node.nics)
        if (boots(nic)) look.push_back(nic.name);
    while (!look.empty()) {
        const config::Nic* nic = node.find_nic(look.back());
        look.pop_back();
        if (nic == nullptr || !booting.insert(nic->name).second) continue;
        for (const std::string& below : nic->below()) look.push_back(below);
    }
    std::vector<std::string> names;
    for (const config::Nic& nic : node.nics)
        if (nic.below().empty()) names.push_back(nic.name);
    std::stable_partition(names.begin(), names.end(), [&](const std::string& name) { return booting.contains(name); });
    return names;
}

std::vector<std::string> usable_macs(const config::MachineRecord& machine) {
    std::vector<std::string> macs;
    std::copy_if(machine.macs.begin(), machine.macs.end(), std::back_inserter(macs),
                 [](const std::string& mac) { return hwdetect::kind_of_mac(mac) != hwdetect::MacKind::unusable; });
    return macs;
}

WithoutSharedAsset without_shared_asset(config::MachineRecord machine, const config::Cluster& cluster,
                                        const std::string& node) {
    auto& identity = machine.identity;
    if (!identity.asset || !(identity.uuid || identity.serial)) return {std::move(machine), {}};
    for (const config::Node& other : cluster.nodes) {
        if (other.name == node || !other.machine.asset || !same(*other.machine.asset, *identity.asset)) continue;
        std::string note = fmt::format(
            "{}: asset tag {} is left out, {} has it already: it may be the enclosure's, and then belongs to no node",
            node, *identity.asset, other.name);
        identity.asset.reset();
        return {std::move(machine), std::move(note)};
    }
    return {std::move(machine), {}};
}

Result<config::Binding> bind(const config::Node& node, const config::MachineRecord& machine,
                             const config::Cluster& cluster) {
    config::Binding binding{machine.identity, {}};
    const auto names = hardware_nics(node, cluster);
    const auto usable = usable_macs(machine);
    if (usable.size() < names.size())
        return bad_input("node {} has the NICs {}, the machine only {} ({})", node.name, fmt::join(names, " "),
                         usable.size(), describe(machine))
            .advise("put the missing card in, or take a NIC out of the node's nics: in cluster.yaml");
    std::vector<std::string> free = usable;
    for (const config::Nic& nic : node.nics) {
        if (!nic.mac || !has_mac(machine, *nic.mac)) continue;
        binding.macs[nic.name] = *nic.mac;
        std::erase_if(free, [&](const std::string& mac) { return same(mac, *nic.mac); });
    }
    auto next = free.begin();
    for (const std::string& name : names)
        if (!binding.macs.contains(name)) binding.macs[name] = *next++;
    return binding;
}

}  // namespace pando::nodes
