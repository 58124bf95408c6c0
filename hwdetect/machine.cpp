// SPDX-License-Identifier: GPL-2.0-or-later
#include "hwdetect/machine.h"

#include "base/number.h"
#include "hwdetect/placeholder.h"
#include "hwdetect/sysfs.h"

namespace pando::hwdetect {
namespace {

namespace fs = std::filesystem;

// Placeholders are as good as nothing.
Result<std::string> real_dmi_field(const Sysroot& root, std::string_view field) {
    std::string text = TRY(dmi_field(root, field));
    return is_placeholder(text) ? std::string() : text;
}

std::optional<unsigned> seconds(const Sysroot& root, const fs::path& file) {
    return whole_number<unsigned>(line_or_empty(root, file));
}

// The kernel made it up at this boot, the next one has another.
bool is_random_mac(const Sysroot& root, const fs::path& nic) {
    constexpr std::string_view net_addr_random = "1";
    return line_or_empty(root, nic / "addr_assign_type") == net_addr_random;
}

std::vector<NetworkInterface> read_nics(const Sysroot& root) {
    std::vector<NetworkInterface> nics;
    for (const std::string& name : names_in(root, "sys/class/net")) {
        const fs::path nic = fs::path("sys/class/net") / name;
        if (!is_physical_nic(root, nic)) continue;
        // A bond gives all its members one address; their own is kept beside it.
        std::string mac = line_or_empty(root, nic / "bonding_slave/perm_hwaddr");
        if (mac.empty()) mac = line_or_empty(root, nic / "address");
        nics.push_back({.name = name,
                        .mac = lower(mac),
                        .driver = link_name(root, nic / "device/driver"),
                        .device = bus_address(root, nic),
                        .carrier = line_or_empty(root, nic / "carrier") == "1",
                        .random_mac = is_random_mac(root, nic)});
    }
    return nics;
}

// From sysfs alone: opening /dev/watchdog would start it.
std::vector<Watchdog> read_watchdogs(const Sysroot& root) {
    std::vector<Watchdog> watchdogs;
    for (const std::string& name : names_in(root, "sys/class/watchdog")) {
        const fs::path card = fs::path("sys/class/watchdog") / name;
        watchdogs.push_back({.device = name,
                             .identity = line_or_empty(root, card / "identity"),
                             .timeout = seconds(root, card / "timeout"),
                             .min_timeout = seconds(root, card / "min_timeout"),
                             .max_timeout = seconds(root, card / "max_timeout")});
    }
    return watchdogs;
}

std::optional<Bmc> read_bmc(const Sysroot& root) {
    if (const auto names = names_in(root, "sys/class/ipmi"); !names.empty()) {
        const fs::path device = fs::path("sys/class/ipmi") / names.front() / "device";
        return Bmc{.device = names.front(), .type = line_or_empty(root, device / "type")};
    }
    // The interface is found, only its device node is not there.
    const fs::path driver = "sys/bus/platform/drivers/ipmi_si";
    for (const std::string& name : names_in(root, driver)) {
        std::string type = line_or_empty(root, driver / name / "type");
        if (!type.empty()) return Bmc{.device = name, .type = std::move(type)};
    }
    return std::nullopt;
}

}  // namespace

Result<Machine> read_machine(const Sysroot& root) {
    Machine machine;
    machine.vendor = TRY(real_dmi_field(root, "sys_vendor"));
    machine.product = TRY(real_dmi_field(root, "product_name"));
    machine.serial = TRY(real_dmi_field(root, "product_serial"));
    machine.asset = TRY(real_dmi_field(root, "chassis_asset_tag"));
    const std::string uuid = lower(TRY(real_dmi_field(root, "product_uuid")));
    if (is_uuid(uuid)) machine.uuid = uuid;
    machine.nics = read_nics(root);
    machine.watchdogs = read_watchdogs(root);
    machine.bmc = read_bmc(root);
    return machine;
}

bool has_lasting_mac(const NetworkInterface& nic) {
    return !nic.random_mac && kind_of_mac(nic.mac) != MacKind::unusable;
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

}  // namespace pando::hwdetect
