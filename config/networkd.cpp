// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/networkd.h"

#include "base/file.h"

#include <fmt/ranges.h>
#include <algorithm>
#include <vector>

namespace pando::config {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view prefix = "05-pando-";  // before everybody else's: the first file that matches is taken

std::string head(const Cluster& cluster, const Node& node) {
    return fmt::format("# Node {} of cluster {}, from cluster.yaml. Every boot writes it anew.\n", node.name,
                       cluster.name);
}

// Should the NIC appear again, after its driver was reloaded, it gets the same name. udev renames nothing that has the
// name already.
std::string link_file(const Nic& nic) {
    return fmt::format("[Match]\nPermanentMACAddress={}\n\n[Link]\nName={}\nNamePolicy=\nMACAddressPolicy=none\n",
                       *nic.mac, nic.name);
}

std::string netdev_file(const Node& node, const Nic& nic) {
    std::string text = fmt::format("[NetDev]\nName={}\nKind={}\n", nic.name,
                                   nic.bond   ? "bond"
                                   : nic.vlan ? "vlan"
                                              : "bridge");
    if (nic.mtu) text += fmt::format("MTUBytes={}\n", *nic.mtu);
    if (nic.bond) {
        text += fmt::format("\n[Bond]\nMode={}\nMIIMonitorSec={}ms\n", nic.bond->mode, nic.bond->miimon.count());
        if (nic.bond->lacp_rate) text += fmt::format("LACPTransmitRate={}\n", *nic.bond->lacp_rate);
    }
    if (nic.vlan) text += fmt::format("\n[VLAN]\nId={}\n", nic.vlan->id);
    if (!nic.bridge) return text;
    if (const Nic* hardware = node.hardware_of(nic)) text += fmt::format("MACAddress={}\n", *hardware->mac);
    return text + (nic.bridge->stp ? "\n[Bridge]\nSTP=yes\n" : "\n[Bridge]\nSTP=no\nForwardDelaySec=0\n");
}

// What stands on this interface, and what it belongs to.
std::string relations(const Node& node, const Nic& nic) {
    std::string text;
    for (const Nic& above : node.nics)
        if (above.vlan && above.vlan->link == nic.name) text += fmt::format("VLAN={}\n", above.name);
    if (const Nic* master = node.master_of(nic.name)) text += fmt::format("Bridge={}\n", master->name);
    return text;
}

std::string addressing(const Nic& nic) {
    std::string text;
    for (const auto& address : nic.addresses) text += fmt::format("Address={}\n", address);
    for (const auto& server : nic.dns) text += fmt::format("DNS={}\n", server);
    if (!nic.search.empty()) text += fmt::format("Domains={}\n", fmt::join(nic.search, " "));
    if (nic.gateway) text += fmt::format("\n[Route]\nGateway={}\n", *nic.gateway);
    for (const auto& route : nic.routes)
        text += fmt::format("\n[Route]\nDestination={}\nGateway={}\n", route.destination, route.gateway);
    // The server knows the blade by its MAC, as when it booted; the name is the node's own.
    if (nic.dhcp)
        text += fmt::format("\n[DHCPv4]\nClientIdentifier=mac\nUseHostname=no\nUseMTU={}\n", nic.mtu ? "no" : "yes");
    return text;
}

std::string network_file(const Node& node, const Nic& nic) {
    const Nic* master = node.master_of(nic.name);
    // networkd of Debian 12 takes a member down to make it a member again, all of them at once.
    if (master != nullptr && master->bond)
        return fmt::format(
            "# A member of {}, which the initramfs has put together: networkd keeps its hands off it.\n"
            "[Match]\nName={}\n\n[Link]\nUnmanaged=yes\n",
            master->name, nic.name);
    std::string text = fmt::format("[Match]\nName={}\n\n[Link]\n", nic.name);
    if (nic.mtu) text += fmt::format("MTUBytes={}\n", *nic.mtu);
    text += fmt::format("RequiredForOnline={}\n", nic.cluster ? "yes" : "no");
    text += "\n[Network]\n";
    // What is there at the start stays, at a lost link too, and when networkd stops: the root is reached over it.
    text += "KeepConfiguration=yes\nConfigureWithoutCarrier=yes\nIgnoreCarrierLoss=yes\n";
    text += fmt::format("DHCP={}\n", nic.dhcp ? "ipv4" : "no");
    text += fmt::format("LinkLocalAddressing={}\nIPv6AcceptRA={}\n", master != nullptr ? "no" : "ipv6",
                        nic.dhcp ? "yes" : "no");
    return text + relations(node, nic) + addressing(nic);
}

}  // namespace

std::map<std::string, std::string> networkd_files(const Cluster& cluster, const Node& node) {
    std::map<std::string, std::string> files;
    for (const Nic& nic : node.nics) {
        const std::string name = fmt::format("{}{}", prefix, nic.name);
        if (nic.mac) files[name + ".link"] = head(cluster, node) + link_file(nic);
        if (!nic.mac) files[name + ".netdev"] = head(cluster, node) + netdev_file(node, nic);
        files[name + ".network"] = head(cluster, node) + network_file(node, nic);
    }
    return files;
}

Result<> write_networkd(const Cluster& cluster, const Node& node, const fs::path& directory) {
    const auto files = networkd_files(cluster, node);
    TRY(make_directories(directory));
    for (const auto& name : TRY(list_directory(directory)))
        if (name.starts_with(prefix) && files.count(name) == 0) TRY(remove_tree(directory / name));
    for (const auto& [name, text] : files) TRY(write_file_atomic(directory / name, text, 0644));
    return {};
}

std::string resolv_conf(const Node& node) {
    std::vector<std::string> domains;
    std::string servers;
    for (const Nic& nic : node.nics) {
        for (const auto& server : nic.dns) servers += fmt::format("nameserver {}\n", server);
        for (const auto& domain : nic.search)
            if (std::find(domains.begin(), domains.end(), domain) == domains.end()) domains.push_back(domain);
    }
    std::string text = fmt::format("# dns: and search: of {} in cluster.yaml. Every boot writes it anew.\n", node.name);
    if (!domains.empty()) text += fmt::format("search {}\n", fmt::join(domains, " "));
    return text + servers;
}

}  // namespace pando::config
