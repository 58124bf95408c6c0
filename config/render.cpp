// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/render.h"

#include "base/log.h"
#include "base/sha256.h"
#include "config/check.h"
#include "config/fence_agent.h"
#include "config/site_templates.h"
#include "config/template.h"
#include "config/values.h"

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <stdexcept>

namespace pando::config {

namespace {

// A site's template was checked when it was written, by another version of Pando maybe: a node must boot all the same.
// Nothing where it cannot be filled.
std::optional<std::string> filled_of_site(std::string_view name, const Cluster& cluster, const Variables& variables) {
    const auto own = cluster.templates.find(std::string(name));
    if (own == cluster.templates.end()) return std::nullopt;
    auto out = fill(own->second, variables, fmt::format("{}/{}.in", template_directory, name), Unused::taken);
    if (out) return std::move(*out);
    const std::string& what = out.error().what;
    log::warning("{}; the built-in template is taken in its place", what.substr(0, what.find('\n')));
    log::hint("mend it beside cluster.yaml (pando config check names every place in it), then pando bundle write");
    return std::nullopt;
}

// Ours are checked by the tests: one that cannot be filled is a bug.
std::string filled(std::string_view name, const Cluster& cluster, const Variables& variables) {
    if (auto own = filled_of_site(name, cluster, variables)) return std::move(*own);
    const auto text = embedded_template(name);
    if (!text) throw std::logic_error(fmt::format("no template {}", name));
    auto out = fill(*text, variables, name);
    if (!out) throw std::logic_error(out.error().what);
    return std::move(*out);
}

// An address as it stands in a URL.
std::string in_url(const std::string& address) {
    return address.find(':') == std::string::npos ? address : "[" + address + "]";
}

std::string base_url(const Cluster& cluster) {
    return fmt::format("http://{}:{}", in_url(cluster.boot.server), cluster.boot.http_port);
}

uint32_t mask_of(const Cidr& subnet) {
    return subnet.prefix == 0 ? 0 : ~0U << (32U - static_cast<unsigned>(subnet.prefix));
}
Ip netmask_of(const Cidr& subnet) { return ip_of_v4(mask_of(subnet)); }
Ip network_of(const Cidr& subnet) { return ip_of_v4(subnet.ip.v4() & mask_of(subnet)); }

std::string bare(const std::string& address) { return address.substr(0, address.find('/')); }

Variables corosync_variables(const Cluster& cluster) {
    std::string nodes;
    for (const auto& node : cluster.nodes)
        nodes += fmt::format("    node {{\n        ring0_addr: {}\n        name: {}\n        nodeid: {}\n    }}\n",
                             node.cluster_address(), node.name, node.id);
    const auto& corosync = cluster.corosync;
    std::string optional;
    if (corosync.consensus.count() != 0) optional += fmt::format("    consensus: {}\n", corosync.consensus.count());
    if (corosync.mtu != 0) optional += fmt::format("    knet_mtu: {}\n", corosync.mtu);
    // Nobody is quorate before all were seen once: a node still in its firmware must not be fenced for being late.
    const std::string votes = cluster.nodes.size() == 2 ? "    two_node: 1\n" : "    wait_for_all: 1\n";
    return {{"cluster", cluster.name},
            {"cipher", corosync.crypto_cipher},
            {"hash", corosync.crypto_hash},
            {"token", std::to_string(corosync.token.count())},
            {"optional", optional},
            {"port", std::to_string(corosync.port)},
            {"nodes", nodes},
            {"votes", votes}};
}

}  // namespace

size_t votes_needed(size_t nodes) { return nodes == 2 ? 1 : nodes / 2 + 1; }

namespace {

// dlm_controld then runs the agent with "on" for its own node before it joins those who could fence it again, and
// after it has made sure that its kernel holds no locks from before.
bool is_unfenced(const Node& node) {
    return std::any_of(node.fence.begin(), node.fence.end(), [](const FenceDevice& device) { return device.unfence; });
}

Variables dlm_variables(const Cluster& cluster) {
    std::string devices;
    for (const auto& node : cluster.nodes)
        if (!node.fence.empty())
            devices += fmt::format("device node-{0} {1}\nconnect node-{0} node={0}\n{2}\n", node.id, fence_agent,
                                   is_unfenced(node) ? fmt::format("unfence node-{}\n", node.id) : "");
    if (!devices.empty()) devices.pop_back();  // one blank line between sections, none at the end
    if (!devices.empty()) devices.pop_back();
    return {{"post_join_delay", std::to_string(cluster.dlm.post_join_delay.count() / 1000)}, {"devices", devices}};
}

Variables hosts_variables(const Cluster& cluster) {
    std::string lines;
    for (const auto& node : cluster.nodes) {
        lines += fmt::format("{} {}\n", node.cluster_address(), node.name);
        for (const auto& nic : node.nics)
            for (const auto& address : nic.addresses)
                if (bare(address) != node.cluster_address())
                    lines += fmt::format("{} {}-{}\n", bare(address), node.name, nic.name);
    }
    if (!lines.empty()) lines.pop_back();
    return {{"nodes", lines}};
}

// The MACs that may ask for this NIC's address: its own, or those of the bond's or bridge's members.
std::vector<std::string> macs_of(const Node& node, const Nic& nic) {
    std::vector<std::string> macs;
    if (nic.mac) macs.push_back(*nic.mac);
    for (const auto& member : nic.members()) {
        const Nic* below = node.find_nic(member);
        if (below == nullptr || &nic == below) continue;
        const auto more = macs_of(node, *below);
        macs.insert(macs.end(), more.begin(), more.end());
    }
    return macs;
}

// NICs that a node goes on with by DHCP get a lease that lasts. No address of a node is bound to a MAC here: a blade
// whose node has moved to another would be given the address of a node that is up.
std::string dhcp_hosts(const Cluster& cluster) {
    std::string lines;
    for (const auto& node : cluster.nodes)
        for (const auto& nic : node.nics)
            if (const auto macs = macs_of(node, nic); nic.dhcp && !macs.empty())
                lines += fmt::format("dhcp-host={},{},12h\n", fmt::join(macs, ","), node.name);
    return lines;
}

// Beside a DHCP server that gives addresses: what to load, and no address.
Variables dnsmasq_proxy_variables(const Cluster& cluster, const NetbootPaths& paths) {
    const Cidr subnet = parse_cidr(cluster.boot.subnet).value_or(Cidr{});
    return {{"cluster", cluster.name},
            {"interface", cluster.boot.interface},
            {"state", paths.state.string()},
            {"network", network_of(subnet).text()},
            {"netmask", netmask_of(subnet).text()},
            {"base", base_url(cluster)},
            {"server", cluster.boot.server},
            {"tftp_root", paths.tftp_root.string()}};
}

Variables dnsmasq_variables(const Cluster& cluster, const NetbootPaths& paths) {
    const Cidr subnet = parse_cidr(cluster.boot.subnet).value_or(Cidr{});
    const AddressRange range = unknown_machines(subnet);
    return {{"cluster", cluster.name},           {"interface", cluster.boot.interface},
            {"state", paths.state.string()},     {"first_unknown", range.first.text()},
            {"last_unknown", range.last.text()}, {"netmask", netmask_of(subnet).text()},
            {"hosts", dhcp_hosts(cluster)},      {"base", base_url(cluster)},
            {"server", cluster.boot.server},     {"tftp_root", paths.tftp_root.string()}};
}

// How a blade that knows nothing reaches the LUN. Whatever stands here can be read by everybody on the boot network.
std::string storage_arguments(const Cluster& cluster) {
    std::string text = " rd.pando.cluster=" + cluster.name;
    if (const auto& iscsi = cluster.storage.iscsi)
        text += fmt::format(" rd.pando.target={} rd.pando.portals={} rd.pando.lun={} rd.pando.initiator={}",
                            iscsi->target, fmt::join(iscsi->portals, ","), iscsi->lun, iscsi->initiator_prefix);
    if (cluster.storage.identity) text += " rd.pando.identity=" + *cluster.storage.identity;
    text += " rd.pando.report=" + cluster.boot.server;
    return text + " rd.pando.address=${netX/ip}/${netX/netmask} rd.pando.gateway=${netX/gateway}";
}

Variables ipxe_variables(const Cluster& cluster, std::string_view extra_arguments, std::string_view directory) {
    std::string nodes;
    for (const auto& node : cluster.nodes) {
        if (node.kernel_arguments.empty()) continue;
        for (const auto& nic : node.nics)
            if (nic.mac)
                nodes += fmt::format("iseq ${{netX/mac}} {} && set node {} ||\n", *nic.mac,
                                     fmt::join(node.kernel_arguments, " "));
    }
    std::string arguments = storage_arguments(cluster);
    for (const auto& argument : cluster.boot.kernel_arguments) arguments += " " + argument;
    if (!extra_arguments.empty()) arguments += fmt::format(" {}", extra_arguments);
    const std::string base = directory.empty() ? base_url(cluster) : fmt::format("{}/{}", base_url(cluster), directory);
    const auto seconds = (cluster.boot.reboot_delay.count() + 999) / 1000;
    return {{"cluster", cluster.name},
            {"server", cluster.boot.server},
            {"base", base},
            {"nodes", nodes},
            {"arguments", arguments},
            {"retries", std::to_string(cluster.boot.retries)},
            {"reboot_delay", std::to_string(seconds)}};
}

// The templates, by name, with what is put into each.
const std::map<std::string, std::function<Variables(const Cluster&)>, std::less<>>& all_templates() {
    static const NetbootPaths nowhere{"/", "/"};
    static const std::map<std::string, std::function<Variables(const Cluster&)>, std::less<>> all = {
        {"corosync.conf", corosync_variables},
        {"dlm.conf", dlm_variables},
        {"hosts", hosts_variables},
        {"dnsmasq.conf", [](const Cluster& cluster) { return dnsmasq_variables(cluster, nowhere); }},
        {"dnsmasq-proxy.conf", [](const Cluster& cluster) { return dnsmasq_proxy_variables(cluster, nowhere); }},
        {"boot.ipxe", [](const Cluster& cluster) { return ipxe_variables(cluster, "", ""); }}};
    return all;
}

}  // namespace

std::vector<std::string> template_names() {
    std::vector<std::string> names;
    for (const auto& [name, variables] : all_templates()) names.push_back(name);
    return names;
}

Variables variables_of(std::string_view name, const Cluster& cluster) {
    return all_templates().find(name)->second(cluster);
}

std::string corosync_conf(const Cluster& cluster) {
    const std::string text = filled("corosync.conf", cluster, corosync_variables(cluster));
    const size_t dot = corosync_fingerprint.find('.');
    return fmt::format("{}\n# Of the lines above: tells whether corosync has read them.\n{} {{\n    {}: {}\n}}\n", text,
                       corosync_fingerprint.substr(0, dot), corosync_fingerprint.substr(dot + 1),
                       sha256(text).substr(0, 16));
}

std::string dlm_conf(const Cluster& cluster) { return filled("dlm.conf", cluster, dlm_variables(cluster)); }

std::string hosts(const Cluster& cluster) { return filled("hosts", cluster, hosts_variables(cluster)); }

std::string dnsmasq_template(const Cluster& cluster) {
    return cluster.boot.dhcp == "proxy" ? "dnsmasq-proxy.conf" : "dnsmasq.conf";
}

std::string dnsmasq_conf(const Cluster& cluster, const NetbootPaths& paths) {
    const bool proxy = cluster.boot.dhcp == "proxy";
    return filled(dnsmasq_template(cluster), cluster,
                  proxy ? dnsmasq_proxy_variables(cluster, paths) : dnsmasq_variables(cluster, paths));
}

std::string ipxe_script(const Cluster& cluster, std::string_view extra_arguments, std::string_view directory) {
    return filled("boot.ipxe", cluster, ipxe_variables(cluster, extra_arguments, directory));
}

}  // namespace pando::config
