// SPDX-License-Identifier: GPL-2.0-or-later
#include "nodes/proposed_machine.h"

#include "config/values.h"
#include "hwdetect/placeholder.h"

#include <algorithm>
#include <map>
#include <set>

namespace pando::nodes {
namespace {

using Json = nlohmann::ordered_json;

const Json& below(const Json& object, const char* key) {
    static const Json nothing;
    const auto it = object.is_object() ? object.find(key) : object.end();
    return object.is_object() && it != object.end() ? *it : nothing;
}

std::string text(const Json& object, const char* key) {
    const Json& value = below(object, key);
    return value.is_string() ? value.get<std::string>() : std::string();
}

bool is_true(const Json& object, const char* key) {
    const Json& value = below(object, key);
    return value.is_boolean() && value.get<bool>();
}

std::vector<Json> parts(const Json& inventory, const char* key) {
    const Json& value = below(inventory, key);
    return value.is_array() ? std::vector<Json>(value.begin(), value.end()) : std::vector<Json>();
}

bool is_placeholder_in(const Json& inventory, const std::string& field) {
    const auto all = parts(inventory, "placeholders");
    return std::find(all.begin(), all.end(), Json(field)) != all.end();
}

struct Port {
    std::string name, mac;
    bool link = false, boot = false;
};

// Those by whose MAC the machine is known for good.
std::vector<Port> ports_of(const Json& inventory) {
    std::vector<Port> ports;
    for (const Json& nic : parts(inventory, "nics")) {
        const std::string own = text(nic, "permanent_mac");
        const auto mac = config::parse_mac(own.empty() ? text(nic, "mac") : own);
        if (!mac || text(nic, "mac_kind") == "random" || hwdetect::kind_of_mac(*mac) == hwdetect::MacKind::unusable)
            continue;
        ports.push_back({text(nic, "name"), *mac, is_true(nic, "link"), is_true(nic, "boot")});
    }
    return ports;
}

template <typename Condition>
const Port* only(const std::vector<Port>& ports, Condition condition) {
    const Port* found = nullptr;
    for (const Port& port : ports) {
        if (!condition(port)) continue;
        if (found != nullptr) return nullptr;
        found = &port;
    }
    return found;
}

}  // namespace

Json machine_identity(const Json& inventory) {
    const Json& system = below(inventory, "system");
    const auto uuid = config::parse_uuid(text(system, "uuid"));
    if (uuid && !is_placeholder_in(inventory, "system.uuid")) return {{"uuid", *uuid}};
    const std::string serial = text(system, "serial");
    if (!is_placeholder_in(inventory, "system.serial") && !hwdetect::is_placeholder(serial))
        return {{"serial", serial}};
    return {};
}

MachineNics machine_nics(const Json& inventory, std::string_view interface) {
    const auto ports = ports_of(inventory);
    const Port* chosen = only(ports, [&](const Port& port) { return port.name == interface; });
    if (chosen == nullptr) chosen = only(ports, [](const Port& port) { return port.boot; });
    if (chosen == nullptr) chosen = only(ports, [](const Port& port) { return port.link; });
    if (chosen == nullptr) chosen = only(ports, [](const Port&) { return true; });
    MachineNics out;
    if (chosen != nullptr) out.chosen = chosen->mac;
    for (const Port& port : ports)
        if (&port != chosen) out.others.push_back(port.name + " " + port.mac);
    return out;
}

Json machine_drivers(const Json& inventory) {
    std::map<std::string, std::string> module_of;
    for (const Json& device : parts(inventory, "boot_devices"))
        if (!text(device, "module").empty()) module_of[text(device, "driver")] = text(device, "module");
    std::set<std::string> modules;
    const auto add = [&](const std::string& driver) {
        const std::string module = module_of.contains(driver) ? module_of.at(driver) : driver;
        if (config::is_word(module, "_-", 64)) modules.insert(module);
    };
    for (const Json& nic : parts(inventory, "nics")) add(text(nic, "driver"));
    for (const Json& controller : parts(inventory, "controllers"))
        if (text(controller, "kind") == "Fibre Channel") add(text(controller, "driver"));
    return modules.empty() ? Json() : Json(modules);
}

std::string machine_bmc(const Json& inventory) {
    const auto ip = config::parse_ip(text(below(inventory, "bmc"), "address"));
    // Link-local: the BMC's own little network with its host, which nobody else is in.
    if (!ip || ip->text().starts_with("169.254.") || ip->text().starts_with("fe80")) return {};
    return ip->text();
}

std::string machine_name(const Json& inventory) {
    const Json& system = below(inventory, "system");
    std::string name = text(system, "vendor");
    for (const char* key : {"product", "serial"})
        if (const std::string part = text(system, key); !part.empty() && !hwdetect::is_placeholder(part))
            name += (name.empty() ? "" : " ") + part;
    return name;
}

}  // namespace pando::nodes
