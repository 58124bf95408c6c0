// SPDX-License-Identifier: GPL-2.0-or-later
// The devices whose drivers a boot loads, as the kernel calls them.
#include "hwdetect/inventory_parts.h"
#include "hwdetect/relevance.h"
#include "hwdetect/sysfs.h"

#include <map>

namespace pando::hwdetect {
namespace fs = std::filesystem;

std::vector<BootDevice> read_boot_devices(const Sysroot& root) {
    const fs::path buses = "sys/bus";
    // By modalias: two ports of a card, or all disks of an array, ask for one driver.
    std::map<std::string, BootDevice> devices;
    for (const std::string& bus : names_in(root, buses)) {
        const fs::path all = buses / bus / "devices";
        for (const std::string& name : names_in(root, all)) {
            const std::string modalias = line_or_empty(root, all / name / "modalias");
            // A stick or a keyboard is there today; what is on USB for good is named by its own part (a NIC).
            const auto rank = rank_of(modalias);
            if (!rank || modalias.starts_with("usb:")) continue;
            BootDevice& device = devices[modalias];
            device.modalias = modalias;
            if (device.driver.empty()) device.driver = link_name(root, all / name / "driver");
            if (device.module.empty()) device.module = link_name(root, all / name / "driver/module");
        }
    }
    std::vector<BootDevice> list;
    for (auto& [modalias, device] : devices) list.push_back(std::move(device));
    return list;
}

}  // namespace pando::hwdetect
