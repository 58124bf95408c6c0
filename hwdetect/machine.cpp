// SPDX-License-Identifier: GPL-2.0-or-later
#include "hwdetect/machine.h"

#include "base/number.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace pando::hwdetect {
namespace {

namespace fs = std::filesystem;

// What makers leave in the fields they should have filled, in lower case. UUIDs that many boards share are here too.
constexpr std::array placeholders = {
    "to be filled by o.e.m.",
    "to be filled by o.e.m",
    "not specified",
    "not available",
    "not provided",
    "default string",
    "system serial number",
    "system product name",
    "system manufacturer",
    "chassis serial number",
    "chassis asset tag",
    "asset tag",
    "asset-1234567890",
    "no asset tag",
    "no asset information",
    "no enclosure",
    "none",
    "n/a",
    "na",
    "o.e.m.",
    "oem",
    "unknown",
    "undefined",
    "invalid",
    "empty",
    "serial number",
    "0123456789",
    "1234567890",
    "123456789",
    "xxxxxxxxxx",
    "03000200-0400-0500-0006-000700080009",
    "12345678-1234-5678-90ab-cddeefaabbcc",
    "fefefefe-fefe-fefe-fefe-fefefefefefe",
};

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return out;
}

// Nothing but separators and one of the digits 0 and f: "00000000-0000-…", "FFFF", "0000 0000", ".....".
bool is_blank_filling(std::string_view text) {
    char seen = 0;
    for (const char c : text) {
        if (std::string_view(" -.:_").find(c) != std::string_view::npos) continue;
        if (c != '0' && c != 'f') return false;
        if (seen != 0 && seen != c) return false;
        seen = c;
    }
    return true;
}

// Firmware tables hold any bytes; consoles, YAML and JSON get printable ASCII, blanks folded and trimmed.
std::string cleaned(std::string_view raw) {
    std::string out;
    for (const char c : raw) {
        const bool printable = c > ' ' && c <= '~';
        if (printable)
            out += c;
        else if (!out.empty() && out.back() != ' ')
            out += ' ';
    }
    while (!out.empty() && out.back() == ' ') out.pop_back();
    return out;
}

bool is_uuid(std::string_view text) {
    if (text.size() != 36) return false;
    for (size_t i = 0; i < text.size(); ++i) {
        const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? text[i] != '-' : std::isxdigit(static_cast<unsigned char>(text[i])) == 0) return false;
    }
    return true;
}

Result<std::string> read_dmi(const Sysroot& root, std::string_view field) {
    auto raw = root.read_line(fs::path("sys/class/dmi/id") / field);
    if (!raw && raw.error().sys == EACCES)
        return fail("{}", raw.error().what)
            .advise("the firmware's tables are readable for root only: run this as root");
    if (!raw) return std::string();
    std::string text = cleaned(*raw);
    return is_placeholder(text) ? std::string() : text;
}

std::string line_or_empty(const Sysroot& root, const fs::path& file) {
    auto line = root.read_line(file);
    return line ? cleaned(*line) : std::string();
}

std::optional<unsigned> number(const Sysroot& root, const fs::path& file) {
    return whole_number<unsigned>(line_or_empty(root, file));
}

std::string link_name(const Sysroot& root, const fs::path& link) {
    auto target = root.read_link(link);
    return target ? fs::path(*target).filename().string() : std::string();
}

bool is_pci_address(std::string_view text) {  // 0000:00:03.0
    return text.size() == 12 && text[4] == ':' && text[7] == ':' && text[10] == '.';
}

// A virtio NIC hangs on a PCI device, which is the address a person can look up; the last one on the way counts.
std::string bus_address(const Sysroot& root, const fs::path& nic) {
    std::string address = link_name(root, nic / "device");
    auto way = root.read_link(nic);
    if (!way) return address;
    for (const fs::path& part : fs::path(*way))
        if (is_pci_address(part.string())) address = part.string();
    return address;
}

bool is_physical(const Sysroot& root, const fs::path& nic) {
    constexpr std::string_view ethernet = "1";
    return root.exists(nic / "device") && !root.exists(nic / "device/physfn") &&  // no virtual function of a card here
           !root.exists(nic / "phy80211") && line_or_empty(root, nic / "type") == ethernet;
}

std::vector<NetworkInterface> read_nics(const Sysroot& root) {
    std::vector<NetworkInterface> nics;
    auto names = root.list("sys/class/net");
    if (!names) return nics;
    for (const std::string& name : *names) {
        const fs::path nic = fs::path("sys/class/net") / name;
        if (!is_physical(root, nic)) continue;
        // A bond gives all its members one address; their own is kept beside it.
        std::string mac = line_or_empty(root, nic / "bonding_slave/perm_hwaddr");
        if (mac.empty()) mac = line_or_empty(root, nic / "address");
        nics.push_back({.name = name,
                        .mac = lower(mac),
                        .driver = link_name(root, nic / "device/driver"),
                        .device = bus_address(root, nic),
                        .carrier = line_or_empty(root, nic / "carrier") == "1"});
    }
    return nics;
}

// From sysfs alone: opening /dev/watchdog would start it.
std::vector<Watchdog> read_watchdogs(const Sysroot& root) {
    std::vector<Watchdog> watchdogs;
    auto names = root.list("sys/class/watchdog");
    if (!names) return watchdogs;
    for (const std::string& name : *names) {
        const fs::path card = fs::path("sys/class/watchdog") / name;
        watchdogs.push_back({.device = name,
                             .identity = line_or_empty(root, card / "identity"),
                             .timeout = number(root, card / "timeout"),
                             .min_timeout = number(root, card / "min_timeout"),
                             .max_timeout = number(root, card / "max_timeout")});
    }
    return watchdogs;
}

std::optional<Bmc> read_bmc(const Sysroot& root) {
    if (auto names = root.list("sys/class/ipmi"); names && !names->empty()) {
        const fs::path device = fs::path("sys/class/ipmi") / names->front() / "device";
        return Bmc{.device = names->front(), .type = line_or_empty(root, device / "type")};
    }
    // The interface is found, only its device node is not there.
    const fs::path driver = "sys/bus/platform/drivers/ipmi_si";
    auto names = root.list(driver);
    if (!names) return std::nullopt;
    for (const std::string& name : *names) {
        std::string type = line_or_empty(root, driver / name / "type");
        if (!type.empty()) return Bmc{.device = name, .type = std::move(type)};
    }
    return std::nullopt;
}

}  // namespace

bool is_placeholder(std::string_view text) {
    const std::string low = lower(text);
    return is_blank_filling(low) || std::find(placeholders.begin(), placeholders.end(), low) != placeholders.end();
}

Result<Machine> read_machine(const Sysroot& root) {
    Machine machine;
    machine.vendor = TRY(read_dmi(root, "sys_vendor"));
    machine.product = TRY(read_dmi(root, "product_name"));
    machine.serial = TRY(read_dmi(root, "product_serial"));
    machine.asset = TRY(read_dmi(root, "chassis_asset_tag"));
    const std::string uuid = lower(TRY(read_dmi(root, "product_uuid")));
    if (is_uuid(uuid)) machine.uuid = uuid;
    machine.nics = read_nics(root);
    machine.watchdogs = read_watchdogs(root);
    machine.bmc = read_bmc(root);
    return machine;
}

std::string describe(const Machine& machine) {
    std::string text = machine.vendor;
    if (!machine.product.empty()) text += (text.empty() ? "" : " ") + machine.product;
    if (text.empty()) text = "a machine without a name";
    if (!machine.serial.empty()) text += ", serial " + machine.serial;
    if (!machine.asset.empty()) text += ", asset tag " + machine.asset;
    if (!machine.uuid.empty()) text += ", UUID " + machine.uuid;
    text += machine.nics.empty() ? ", no NIC" : machine.nics.size() == 1 ? ", MAC" : ", MACs";
    for (const NetworkInterface& nic : machine.nics) text += " " + nic.mac;
    return text;
}

std::string to_json(const Machine& machine) {
    using nlohmann::ordered_json;
    const auto or_null = [](std::optional<unsigned> value) { return value ? ordered_json(*value) : ordered_json(); };
    ordered_json json = {{"uuid", machine.uuid},
                         {"vendor", machine.vendor},
                         {"product", machine.product},
                         {"serial", machine.serial},
                         {"asset", machine.asset},
                         {"nics", ordered_json::array()},
                         {"watchdogs", ordered_json::array()},
                         {"bmc", ordered_json()}};
    for (const auto& nic : machine.nics)
        json["nics"].push_back({{"name", nic.name},
                                {"mac", nic.mac},
                                {"driver", nic.driver},
                                {"device", nic.device},
                                {"carrier", nic.carrier}});
    for (const auto& card : machine.watchdogs)
        json["watchdogs"].push_back({{"device", card.device},
                                     {"identity", card.identity},
                                     {"timeout", or_null(card.timeout)},
                                     {"min_timeout", or_null(card.min_timeout)},
                                     {"max_timeout", or_null(card.max_timeout)}});
    if (machine.bmc) json["bmc"] = {{"device", machine.bmc->device}, {"type", machine.bmc->type}};
    return json.dump(2);
}

}  // namespace pando::hwdetect
