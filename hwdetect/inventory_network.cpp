// SPDX-License-Identifier: GPL-2.0-or-later
// NICs, and what else is only named: GPUs.
#include "hwdetect/hardware_names.h"
#include "hwdetect/inventory_parts.h"
#include "hwdetect/pci.h"
#include "hwdetect/permanent_mac.h"
#include "hwdetect/placeholder.h"
#include "hwdetect/sysfs.h"

#include "base/number.h"

#include <algorithm>

namespace pando::hwdetect {
namespace {

namespace fs = std::filesystem;

// BOOTIF=01-aa-bb-cc-dd-ee-ff on the kernel's command line, as PXE and iPXE write it.
std::string boot_mac(const Sysroot& root) {
    constexpr std::string_view key = "BOOTIF=01-";
    const std::string line = " " + line_or_empty(root, "proc/cmdline");
    const size_t at = line.find(" " + std::string(key));
    if (at == std::string::npos) return {};
    std::string mac = lower(line.substr(at + 1 + key.size(), 17));
    std::replace(mac.begin(), mac.end(), '-', ':');
    return mac;
}

// How the kernel came to the address it has now (addr_assign_type).
enum Origin : unsigned { own = 0, random = 1, stolen = 2, given = 3 };

std::string permanent_mac(const Sysroot& root, const fs::path& nic, const std::string& name, unsigned origin) {
    // A bond gives all its members one address; their own is kept beside it.
    if (auto mac = lower(line_or_empty(root, nic / "bonding_slave/perm_hwaddr")); !mac.empty()) return mac;
    const bool this_machine = root.directory() == "/";
    if (auto mac = this_machine ? ask_permanent_mac(name) : std::string(); !mac.empty()) return mac;
    return origin == own ? lower(line_or_empty(root, nic / "address")) : std::string();
}

std::string kind(const NicInfo& nic, unsigned origin) {
    if (nic.permanent_mac.empty() && origin == random) return "random";
    return to_string(kind_of_mac(nic.permanent_mac.empty() ? nic.mac : nic.permanent_mac));
}

}  // namespace

std::vector<NicInfo> read_nic_infos(const Sysroot& root) {
    const HardwareNames names;
    const std::string booted = boot_mac(root);
    const fs::path all = "sys/class/net";
    std::vector<NicInfo> nics;
    for (const std::string& name : names_in(root, all)) {
        const fs::path path = all / name;
        if (!is_physical_nic(root, path)) continue;
        const auto origin = static_cast<unsigned>(number(root, path / "addr_assign_type").value_or(own));
        NicInfo nic{.name = name,
                    .mac = lower(line_or_empty(root, path / "address")),
                    .permanent_mac = permanent_mac(root, path, name, origin),
                    .mac_kind = {},
                    .driver = link_name(root, path / "device/driver"),
                    .address = bus_address(root, path),
                    .product = {},
                    .speed = whole_number<unsigned>(line_or_empty(root, path / "speed")),  // -1: unknown
                    .link = line_or_empty(root, path / "carrier") == "1"};
        nic.mac_kind = kind(nic, origin);
        // Members of a bond have one address now; firmware knows none of that.
        nic.boot = !booted.empty() && booted == (nic.permanent_mac.empty() ? nic.mac : nic.permanent_mac);
        nic.product = names.product(line_or_empty(root, fs::path("sys/bus/pci/devices") / nic.address / "modalias"));
        // Virtual cards say 4294967295 in some kernels.
        if (nic.speed && (*nic.speed == 0 || *nic.speed > 10'000'000)) nic.speed.reset();
        nics.push_back(std::move(nic));
    }
    return nics;
}

std::vector<GpuInfo> read_gpus(const Sysroot& root) {
    constexpr unsigned display = 0x03, accelerator = 0x12;
    const HardwareNames names;
    std::vector<GpuInfo> gpus;
    for (const PciDevice& device : pci_devices(root)) {
        if (device.base_class() != display && device.base_class() != accelerator) continue;
        gpus.push_back({.address = device.address, .id = device.id, .product = names.product(device.modalias)});
    }
    return gpus;
}

}  // namespace pando::hwdetect
