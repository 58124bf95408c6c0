// SPDX-License-Identifier: GPL-2.0-or-later
// Networks of a host, and who gives addresses in them.
#include "base/number.h"
#include "config/values.h"
#include "hwdetect/sysfs.h"
#include "nodes/host_parts.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <sstream>

namespace pando::nodes {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr size_t lease_limit = 1U << 20U;

// Made by programs for guests of this very host: no blade is in them.
bool is_of_this_host_only(std::string_view interface) {
    constexpr std::array prefixes = {"lo",    "docker", "br-",       "veth",    "virbr", "lxcbr",
                                     "lxdbr", "podman", "cni",       "flannel", "cali",  "tun",
                                     "tap",   "wg",     "tailscale", "zt",      "dummy", "vnet"};
    return std::any_of(prefixes.begin(), prefixes.end(), [&](std::string_view prefix) {
        return interface.starts_with(prefix) && (prefix != "lo" || interface == "lo");
    });
}

std::string text_of(const Json& object, const char* key) {
    const auto it = object.find(key);
    return it != object.end() && it->is_string() ? it->get<std::string>() : std::string();
}

// nlohmann's value() throws where something else than the wanted type stands.
bool is_true(const Json& object, const char* key) {
    const auto it = object.find(key);
    return it != object.end() && it->is_boolean() && it->get<bool>();
}

Result<Json> parsed(std::string_view text, const char* what) {
    auto json = Json::parse(text.empty() ? "[]" : text, nullptr, false);
    if (!json.is_array()) return fail("{} cannot be read", what);
    return json;
}

std::string bare(const std::string& address) { return address.substr(0, address.find('/')); }

// KEY=VALUE lines, as systemd-networkd and NetworkManager keep a lease.
std::map<std::string, std::string> assignments(const std::string& text) {
    std::map<std::string, std::string> out;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);)
        if (const size_t equals = line.find('='); equals != std::string::npos && line[0] != '#')
            out[line.substr(0, equals)] = line.substr(equals + 1);
    return out;
}

struct Lease {
    std::string interface, address, server;
};

// dhclient appends a block for each lease it got; the last one of an interface counts.
std::vector<Lease> dhclient_leases(const std::string& text) {
    std::vector<Lease> leases;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string first, second, third;
        words >> first >> second >> third;
        const auto value = [](std::string word) {
            while (!word.empty() && (word.back() == ';' || word.back() == '"')) word.pop_back();
            return word.starts_with('"') ? word.substr(1) : word;
        };
        if (first == "lease" && second == "{") leases.emplace_back();
        if (leases.empty()) continue;
        if (first == "interface") leases.back().interface = value(second);
        if (first == "fixed-address") leases.back().address = value(second);
        if (first == "option" && second == "dhcp-server-identifier") leases.back().server = value(third);
    }
    return leases;
}

// The message as the server sent it: fixed fields, a magic number, options.
Lease dhcpcd_lease(const std::string& message, const std::string& interface) {
    constexpr size_t your_address = 16, options = 240;
    constexpr unsigned char pad = 0, server_identifier = 54, end = 255;
    const auto byte = [&](size_t at) { return static_cast<unsigned char>(message[at]); };
    const auto ip = [&](size_t at) {
        return fmt::format("{}.{}.{}.{}", byte(at), byte(at + 1), byte(at + 2), byte(at + 3));
    };
    Lease lease{.interface = interface, .address = {}, .server = {}};
    if (message.size() < options) return lease;
    lease.address = ip(your_address);
    for (size_t at = options; at < message.size() && byte(at) != end;) {
        if (byte(at) == pad) {
            ++at;
            continue;
        }
        if (at + 1 >= message.size()) break;
        const size_t length = byte(at + 1);
        if (at + 2 + length > message.size()) break;
        if (byte(at) == server_identifier && length == 4) lease.server = ip(at + 2);
        at += 2 + length;
    }
    return lease;
}

// A lease of another address than the one that is there is an old one, and says nothing of today.
void note(std::vector<HostNetwork>& networks, const Lease& lease, const fs::path& file) {
    for (HostNetwork& network : networks) {
        if (network.interface != lease.interface || bare(network.address) != lease.address) continue;
        const auto server = config::parse_ip(lease.server);
        if (server) network.dhcp_server = server->text();
        if (network.dhcp_server.empty()) network.dhcp_server = "a DHCP server";
        network.dhcp_evidence = fmt::format("lease in /{}", file.string());
    }
}

void networkd(const Sysroot& root, std::vector<HostNetwork>& networks) {
    const fs::path directory = "run/systemd/netif/leases";
    for (const HostNetwork& network : networks) {
        const std::string index =
            hwdetect::line_or_empty(root, fs::path("sys/class/net") / network.interface / "ifindex");
        if (index.empty()) continue;
        const auto text = root.read(directory / index, lease_limit);
        if (!text) continue;
        const auto lease = assignments(*text);
        const auto say = [&](const char* key) { return lease.contains(key) ? lease.at(key) : std::string(); };
        note(networks, {network.interface, say("ADDRESS"), say("SERVER_ADDRESS")}, directory / index);
    }
}

// internal-UUID-INTERFACE.lease and dhclient-UUID-INTERFACE.lease
void network_manager(const Sysroot& root, std::vector<HostNetwork>& networks) {
    const fs::path directory = "var/lib/NetworkManager";
    for (const std::string& name : hwdetect::names_in(root, directory)) {
        if (!name.ends_with(".lease")) continue;
        const auto text = root.read(directory / name, lease_limit);
        if (!text) continue;
        if (name.starts_with("dhclient"))
            for (const Lease& lease : dhclient_leases(*text)) note(networks, lease, directory / name);
        if (!name.starts_with("internal")) continue;
        const auto lease = assignments(*text);
        const auto say = [&](const char* key) { return lease.contains(key) ? lease.at(key) : std::string(); };
        for (const HostNetwork& network : std::vector(networks))
            if (name.ends_with("-" + network.interface + ".lease"))
                note(networks, {network.interface, say("ADDRESS"), say("SERVER_ADDRESS")}, directory / name);
    }
}

void dhclient_and_dhcpcd(const Sysroot& root, std::vector<HostNetwork>& networks) {
    const fs::path dhclient = "var/lib/dhcp", dhcpcd = "var/lib/dhcpcd";
    for (const std::string& name : hwdetect::names_in(root, dhclient)) {
        if (!name.starts_with("dhclient")) continue;  // dhcpd.leases are those that this host gives
        if (const auto text = root.read(dhclient / name, lease_limit))
            for (const Lease& lease : dhclient_leases(*text)) note(networks, lease, dhclient / name);
    }
    for (const HostNetwork& network : std::vector(networks))
        if (const auto message = root.read(dhcpcd / (network.interface + ".lease"), 4096))
            note(networks, dhcpcd_lease(*message, network.interface), dhcpcd / (network.interface + ".lease"));
}

}  // namespace

Result<std::vector<HostNetwork>> host_networks(std::string_view addresses, std::string_view routes) {
    const Json all = TRY(parsed(addresses, "what `ip -json address show` says"));
    const Json ways = TRY(parsed(routes, "what `ip -json route show default` says"));
    std::vector<HostNetwork> networks;
    for (const Json& link : all) {
        const std::string interface = link.is_object() ? text_of(link, "ifname") : std::string();
        if (interface.empty() || is_of_this_host_only(interface) || !link.contains("addr_info")) continue;
        for (const Json& one : link.at("addr_info")) {
            if (!one.is_object() || text_of(one, "family") != "inet" || text_of(one, "scope") != "global") continue;
            if (is_true(one, "secondary")) continue;  // the service addresses of some cluster software
            const auto length = one.find("prefixlen");
            if (length == one.end() || !length->is_number_unsigned()) continue;
            const auto address =
                config::parse_cidr(fmt::format("{}/{}", text_of(one, "local"), length->get<unsigned>()));
            if (!address || address->prefix > 30) continue;  // a point-to-point link has no room for blades
            HostNetwork network{.interface = interface, .address = address->text()};
            if (is_true(one, "dynamic")) {
                network.dhcp_server = "a DHCP server";
                network.dhcp_evidence = fmt::format("the address {} has a lifetime", address->ip.text());
            }
            for (const Json& way : ways)
                if (way.is_object() && text_of(way, "dev") == interface)
                    if (const auto gateway = config::parse_ip(text_of(way, "gateway"));
                        gateway && address->contains(*gateway))
                        network.gateway = gateway->text();
            networks.push_back(std::move(network));
        }
    }
    return networks;
}

void add_leases(const Sysroot& root, std::vector<HostNetwork>& networks) {
    dhclient_and_dhcpcd(root, networks);
    network_manager(root, networks);
    networkd(root, networks);
}

std::string dhcp_server_here(const Sysroot& root) {
    // "  12: 00000000:0043 00000000:0000 07 …": the second word is the local address and port, in hexadecimal.
    std::istringstream lines(root.read("proc/net/udp", 4U << 20U).value_or(""));
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string slot, local;
        words >> slot >> local;
        if (local.ends_with(":0043")) return "something on this host has UDP port 67, that of DHCP servers";
    }
    return {};
}

}  // namespace pando::nodes
