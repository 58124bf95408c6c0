// SPDX-License-Identifier: GPL-2.0-or-later
// com_info's network interfaces.
#include "base/number.h"
#include "config/values.h"
#include "nodes/cluster_conf_parts.h"

#include <algorithm>
#include <array>
#include <bit>
#include <sstream>

namespace pando::nodes {
namespace {

using Json = nlohmann::ordered_json;

bool yes(const std::string& text) { return text == "yes" || text == "1" || text == "true" || text == "on"; }

// 255.255.255.0 is 24; nothing: it is no mask.
std::optional<int> prefix_of(const std::string& mask) {
    const auto ip = config::parse_ip(mask);
    if (!ip || ip->v6) return std::nullopt;
    const uint32_t bits = ip->v4();
    const int length = std::countl_one(bits);
    return (length == 32 ? 0U : bits << static_cast<unsigned>(length)) == 0 ? std::optional(length) : std::nullopt;
}

std::string mode_of(const std::string& text) {
    constexpr std::array modes = {"balance-rr", "active-backup", "balance-xor", "broadcast",
                                  "802.3ad",    "balance-tlb",   "balance-alb"};
    const auto number = whole_number<size_t>(text);
    return number && *number < modes.size() ? modes.at(*number) : text;
}

struct Interface {
    const XmlElement* element = nullptr;
    std::string name;
    Json keys = Json::object();
    std::string master, bridge;  // what it is a member of
    bool is_bond = false, is_bridge = false;
    Json bond = Json::object(), bridge_keys = Json::object();
};

class Translator {
public:
    Translator(const std::string& node, std::vector<std::string>& drivers, Remarks& remarks)
        : node_(node), drivers_(drivers), remarks_(remarks) {}

    Json run(const XmlElement& com_info) {
        for (const XmlElement* eth : com_info.each("eth")) read(*eth);
        for (const Interface& one : std::vector(all_)) add_masters(one);
        for (Interface& one : all_) put_together(one);
        choose_cluster();
        Json nics = Json::array();
        for (const Interface& one : all_) nics.push_back(one.keys);
        return nics;
    }

private:
    const std::string& node_;
    std::vector<std::string>& drivers_;
    Remarks& remarks_;
    std::vector<Interface> all_;

    template <typename... Args>
    void say(const XmlElement& at, fmt::format_string<Args...> format, Args&&... args) {
        remarks_.add(at, "{}: {}", node_, fmt::format(format, std::forward<Args>(args)...));
    }

    Interface* find(const std::string& name) {
        const auto it = std::find_if(all_.begin(), all_.end(), [&](const Interface& one) { return one.name == name; });
        return it == all_.end() ? nullptr : &*it;
    }

    void read(const XmlElement& eth) {
        Interface one;
        one.element = &eth;
        one.name = eth.take("name").value_or("");
        if (one.name.empty()) {
            say(eth, "an <eth> without a name is left out");
            eth.done();
            return;
        }
        if (find(one.name) != nullptr) {
            say(eth, "a second <eth name=\"{}\"> is left out", one.name);
            eth.done();
            return;
        }
        one.keys["name"] = one.name;
        one.is_bond = one.name.starts_with("bond") && one.name.find('.') == std::string::npos;
        const std::string type = eth.take("type").value_or("");
        if (type == "bridge" || type == "Bridge")
            one.is_bridge = true;
        else if (!type.empty() && type != "Ethernet" && type != "ether" && type != "vlan")
            say(eth, "{}: type {} is not known, and taken for a plain interface", one.name, type);
        mac(eth, one);
        address(eth, one);
        // A bond's members say so in two ways.
        const std::string master = eth.take("master").value_or(""), slave = eth.take("slave").value_or("");
        if (!master.empty() && master != "yes" && master != "no") one.master = master;
        if (yes(slave) && one.master.empty()) say(eth, "{} is a slave, and of which bond is not said", one.name);
        one.bridge = eth.take("bridge").value_or("");
        if (const auto driver = eth.take("driver");
            driver && !driver->empty() && std::find(drivers_.begin(), drivers_.end(), *driver) == drivers_.end())
            drivers_.push_back(*driver);
        if (const auto onboot = eth.take("onboot"); onboot && !yes(*onboot))
            say(eth, "{} was not brought up at boot; every interface of a plan is", one.name);
        for (const XmlElement* properties : eth.each("properties"))
            for (const XmlElement* property : properties->each("property")) {
                const std::string value = property->take("value").value_or(property->text);
                this->property(*property, one, property->take("name").value_or(""), value);
                property->done();
            }
        all_.push_back(std::move(one));
    }

    void mac(const XmlElement& eth, Interface& one) {
        std::string text = eth.take("mac").value_or("");
        if (text.empty()) return;
        std::replace(text.begin(), text.end(), '-', ':');
        const auto mac = config::parse_mac(text);
        if (one.is_bond || one.is_bridge || one.name.find('.') != std::string::npos)
            say(eth, "{}: its MAC {} is left out: it is no hardware, and has that of its first member", one.name, text);
        else if (mac)
            one.keys["mac"] = *mac;
        else
            say(eth, "{}: \"{}\" is no MAC address, left out", one.name, text);
    }

    void address(const XmlElement& eth, Interface& one) {
        const std::string ip = eth.take("ip").value_or(""), mask = eth.take("mask").value_or("");
        const std::string gateway = eth.take("gateway").value_or("");
        if (ip == "dhcp") {
            one.keys["dhcp"] = true;
            if (!gateway.empty()) say(eth, "{}: gateway {} is left out, DHCP gives one", one.name, gateway);
            return;
        }
        if (ip.empty()) {
            if (!gateway.empty()) say(eth, "{}: gateway {} without an address is left out", one.name, gateway);
            return;
        }
        const auto length = prefix_of(mask.empty() ? "255.255.255.255" : mask);
        const auto parsed = config::parse_ip(ip);
        if (!parsed || !length || mask.empty()) {
            say(eth, "{}: {} with mask \"{}\" is no address that can be taken, left out", one.name, ip, mask);
            return;
        }
        one.keys["address"] = fmt::format("{}/{}", parsed->text(), *length);
        if (!gateway.empty()) one.keys["gateway"] = gateway;
    }

    void property(const XmlElement& at, Interface& one, std::string name, const std::string& value) {
        std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::toupper(c); });
        if (name == "MTU") {
            if (const auto mtu = whole_number<uint32_t>(value))
                one.keys["mtu"] = *mtu;
            else
                say(at, "{}: \"{}\" is no MTU, left out", one.name, value);
        } else if (name == "BONDING_OPTS") {
            bonding(at, one, value);
        } else if (name == "STP") {
            one.bridge_keys["stp"] = yes(value);
        } else if ((name == "MASTER" || name == "SLAVE") && (yes(value) || value == "no")) {
            // Said by master= and slave= as well.
        } else if (name == "ONBOOT" || name == "TYPE" || name == "DELAY" || name == "BOOTPROTO") {
            if (value != "0" && !yes(value)) say(at, "{}: property {}={} has no key, left out", one.name, name, value);
        } else {
            say(at, "{}: property {}={} is not understood, left out", one.name, name, value);
        }
    }

    // "miimon=100 mode=1", as ifcfg files have it.
    void bonding(const XmlElement& at, Interface& one, std::string options) {
        one.is_bond = true;
        options.erase(std::remove(options.begin(), options.end(), '"'), options.end());
        std::istringstream words(options);
        for (std::string word; words >> word;) {
            const std::string name = word.substr(0, word.find('='));
            const std::string value = word.find('=') == std::string::npos ? "" : word.substr(word.find('=') + 1);
            if (name == "mode")
                one.bond["mode"] = mode_of(value);
            else if (name == "miimon" && value != "0")
                one.bond["miimon"] = value + "ms";
            else if (name == "primary")
                one.bond["primary"] = value;
            else if (name == "lacp_rate")
                one.bond["lacp_rate"] = value == "1" || value == "fast" ? "fast" : "slow";
            else
                say(at, "{}: bonding option {} has no key, left out", one.name, word);
        }
    }

    // A bond or bridge that is only named by its members.
    void add_masters(const Interface& one) {
        for (const auto& [name, bridge] : {std::pair{one.master, false}, std::pair{one.bridge, true}}) {
            if (name.empty()) continue;
            if (find(name) == nullptr) {
                all_.push_back({.element = one.element, .name = name, .keys = {{"name", name}}});
                say(*one.element, "{} has no <eth> of its own, and so no address", name);
            }
            Interface* master = find(name);
            (bridge ? master->is_bridge : master->is_bond) = true;
            if (master->keys.contains("mac")) {
                say(*master->element, "{}: its MAC {} is left out: it is no hardware", name,
                    master->keys["mac"].get<std::string>());
                master->keys.erase("mac");
            }
        }
    }

    Json members_of(const std::string& name, bool bridge) const {
        Json members = Json::array();
        for (const Interface& one : all_)
            if ((bridge ? one.bridge : one.master) == name) members.push_back(one.name);
        return members;
    }

    void put_together(Interface& one) {
        if (one.is_bond) {
            Json bond = {{"members", members_of(one.name, false)}};
            if (!one.bond.contains("mode")) {
                say(*one.element,
                    "{}: how the bond shares its links is not in cluster.conf (see modprobe.conf): "
                    "active-backup is put in, which needs nothing of the switch",
                    one.name);
                bond["mode"] = "active-backup";
            }
            for (const auto& [key, value] : one.bond.items()) bond[key] = value;
            one.keys["bond"] = bond;
        }
        if (one.is_bridge) {
            Json bridge = {{"members", members_of(one.name, true)}};
            for (const auto& [key, value] : one.bridge_keys.items()) bridge[key] = value;
            one.keys["bridge"] = bridge;
        }
        const size_t dot = one.name.rfind('.');
        if (dot == std::string::npos || one.is_bond || one.is_bridge) return;
        if (const auto id = whole_number<unsigned>(one.name.substr(dot + 1)))
            one.keys["vlan"] = {{"link", one.name.substr(0, dot)}, {"id", *id}};
    }

    // cman used the address that the node's name led to, which no file tells.
    void choose_cluster() {
        std::vector<Interface*> with_address;
        for (Interface& one : all_)
            if (one.keys.contains("address")) with_address.push_back(&one);
        if (with_address.size() < 2) return;
        Interface& first = *with_address.front();
        first.keys["cluster"] = true;
        say(*first.element,
            "cman ran on the address that the name {} led to; {} is taken, the first one with an "
            "address: look whether it is right",
            node_, first.name);
    }
};

}  // namespace

Json translate_nics(const XmlElement& com_info, const std::string& node, std::vector<std::string>& drivers,
                    Remarks& remarks) {
    return Translator(node, drivers, remarks).run(com_info);
}

}  // namespace pando::nodes
