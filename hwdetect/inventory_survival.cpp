// SPDX-License-Identifier: GPL-2.0-or-later
// What a node is reset by: watchdogs and the BMC.
#include "hwdetect/inventory_parts.h"
#include "hwdetect/sysfs.h"
#include "hwdetect/watchdog_range.h"

#include "base/number.h"

#include <arpa/inet.h>
#include <algorithm>
#include <array>

namespace pando::hwdetect {
namespace {

namespace fs = std::filesystem;

WatchdogInfo read_watchdog(const Sysroot& root, const std::string& name, const fs::path& card) {
    WatchdogInfo watchdog;
    watchdog.device = name;
    watchdog.identity = line_or_empty(root, card / "identity");
    watchdog.driver = link_name(root, card / "device/driver");
    watchdog.timeout = whole_number<unsigned>(line_or_empty(root, card / "timeout"));
    watchdog.nowayout = line_or_empty(root, card / "nowayout") == "1";
    WatchdogRange range =
        watchdog_range(watchdog.identity, number(root, card / "min_timeout"), number(root, card / "max_timeout"));
    watchdog.min_timeout = range.min;
    watchdog.max_timeout = range.max;
    watchdog.range_from = std::move(range.from);
    return watchdog;
}

// Drivers that make /dev/watchdog by themselves: it is not in sys/class/watchdog, and only the module tells whose it
// is.
std::optional<WatchdogInfo> watchdog_without_class(const Sysroot& root) {
    struct Driver {
        const char* module;
        const char* identity;
        const char* timeout;  // its parameter
    };
    constexpr std::array drivers = {Driver{"ipmi_watchdog", "IPMI", "timeout"}, Driver{"ib700wdt", "IB700", "margin"}};
    if (!root.exists("sys/class/misc/watchdog")) return std::nullopt;
    for (const Driver& driver : drivers) {
        const fs::path module = fs::path("sys/module") / driver.module;
        if (!root.exists(module)) continue;
        const WatchdogRange range = watchdog_range(driver.identity, std::nullopt, std::nullopt);
        return WatchdogInfo{
            .device = "watchdog",
            .identity = driver.identity,
            .driver = driver.module,
            .timeout = whole_number<unsigned>(line_or_empty(root, module / "parameters" / driver.timeout)),
            .min_timeout = range.min,
            .max_timeout = range.max,
            .range_from = range.from,
            .nowayout = line_or_empty(root, module / "parameters/nowayout") == "Y"};
    }
    return std::nullopt;
}

// The interface a driver holds: with its device node, or without when ipmi_devintf is not loaded.
std::optional<BmcInfo> driven_bmc(const Sysroot& root) {
    for (const std::string& name : names_in(root, "sys/class/ipmi")) {
        const fs::path device = fs::path("sys/class/ipmi") / name / "device";
        BmcInfo bmc;
        bmc.device = name;
        bmc.type = line_or_empty(root, device / "type");
        bmc.driver = link_name(root, device / "driver");
        return bmc;
    }
    for (const std::string driver : {"ipmi_si", "ipmi_ssif"}) {
        const fs::path devices =
            fs::path(driver == "ipmi_si" ? "sys/bus/platform/drivers" : "sys/bus/i2c/drivers") / driver;
        for (const std::string& name : names_in(root, devices)) {
            const std::string type = line_or_empty(root, devices / name / "type");
            if (type.empty()) continue;
            BmcInfo bmc;
            bmc.device = name;
            bmc.type = type;
            bmc.driver = driver;
            return bmc;
        }
    }
    return std::nullopt;
}

// What the BMC said of itself to the driver.
void add_bmc_identity(const Sysroot& root, BmcInfo& bmc) {
    const fs::path devices = "sys/bus/platform/devices";
    for (const std::string& name : names_in(root, devices)) {
        if (!name.starts_with("ipmi_bmc.")) continue;
        bmc.firmware = line_or_empty(root, devices / name / "firmware_revision");
        bmc.guid = line_or_empty(root, devices / name / "guid");
        if (bmc.specification.empty()) bmc.specification = line_or_empty(root, devices / name / "ipmi_version");
        return;
    }
}

std::string bus_address_of(const DmiRecord& record) {
    constexpr uint8_t ssif = 4;
    const uint64_t base = record.qword(0x08).value_or(0);
    if (base == 0) return {};
    if (record.byte(0x04) == ssif) return fmt::format("i2c {:#x}", base >> 1U & 0x7fU);
    const bool ports = (base & 1U) != 0;
    // The lowest bit of the address itself is kept apart from the one that tells ports from memory.
    const uint64_t low = record.byte(0x10).value_or(0) >> 4U & 1U;
    return fmt::format("{} {:#x}", ports ? "io" : "mem", (base & ~1ULL) | low);
}

// Management controller host interface: Redfish over IP. Its protocol record says by which address the BMC's service
// is reached from this host. Offsets are within that record's data.
std::string redfish_address(const DmiRecord& record) {
    constexpr uint8_t redfish_over_ip = 4;
    constexpr size_t service_family = 51, service_address = 52;
    const size_t interface_length = record.byte(0x05).value_or(0);
    size_t at = 0x06 + interface_length;
    const size_t protocols = record.byte(at++).value_or(0);
    for (size_t i = 0; i < protocols; ++i) {
        const auto type = record.byte(at), length = record.byte(at + 1);
        if (!type || !length) return {};
        const size_t data = at + 2;
        at = data + *length;
        if (*type != redfish_over_ip || at > record.fixed.size()) continue;
        const bool v6 = record.byte(data + service_family) == 2;
        if (*length < service_address + (v6 ? 16U : 4U)) continue;
        std::array<char, INET6_ADDRSTRLEN> text{};
        inet_ntop(v6 ? AF_INET6 : AF_INET, record.fixed.data() + data + service_address, text.data(), text.size());
        std::string address = text.data();
        if (address != "0.0.0.0" && address != "::") return address;
    }
    return {};
}

}  // namespace

std::vector<WatchdogInfo> read_watchdog_infos(const Sysroot& root) {
    const fs::path all = "sys/class/watchdog";
    std::vector<WatchdogInfo> watchdogs;
    for (const std::string& name : names_in(root, all)) watchdogs.push_back(read_watchdog(root, name, all / name));
    if (watchdogs.empty())
        if (auto watchdog = watchdog_without_class(root)) watchdogs.push_back(std::move(*watchdog));
    return watchdogs;
}

std::optional<BmcInfo> read_bmc_info(const Sysroot& root, const DmiTable& dmi) {
    constexpr uint8_t ipmi_device = 38, host_interface = 42;
    constexpr std::array<const char*, 5> types = {"", "kcs", "smic", "bt", "ssif"};
    auto bmc = driven_bmc(root);
    const DmiRecord* record = dmi.first(ipmi_device);
    if (!bmc && record == nullptr) return std::nullopt;
    if (!bmc) bmc.emplace();
    if (record != nullptr) {
        const uint8_t type = record->byte(0x04).value_or(0);
        if (bmc->type.empty() && type < types.size()) bmc->type = types.at(type);
        const uint8_t version = record->byte(0x05).value_or(0);
        if (version != 0) bmc->specification = fmt::format("{}.{}", version >> 4U, version & 0xfU);
        bmc->bus_address = bus_address_of(*record);
    }
    for (const DmiRecord* interface : dmi.all(host_interface))
        if (bmc->address.empty()) bmc->address = redfish_address(*interface);
    add_bmc_identity(root, *bmc);
    return bmc;
}

}  // namespace pando::hwdetect
