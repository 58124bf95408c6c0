// SPDX-License-Identifier: GPL-2.0-or-later
#include "hwdetect/pci.h"

#include "base/number.h"
#include "hwdetect/sysfs.h"

namespace pando::hwdetect {
namespace {

// "0x010700": the kernel's way to show numbers of PCI.
std::string_view without_0x(std::string_view text) { return text.starts_with("0x") ? text.substr(2) : text; }

}  // namespace

std::vector<PciDevice> pci_devices(const Sysroot& root) {
    const std::filesystem::path all = "sys/bus/pci/devices";
    std::vector<PciDevice> devices;
    for (const std::string& name : names_in(root, all)) {
        const auto device = all / name;
        const auto klass = whole_number<unsigned>(without_0x(line_or_empty(root, device / "class")), 16);
        if (!klass) continue;
        const std::string vendor = line_or_empty(root, device / "vendor");
        const std::string model = line_or_empty(root, device / "device");
        devices.push_back({.address = name,
                           .modalias = line_or_empty(root, device / "modalias"),
                           .id = fmt::format("{}:{}", without_0x(vendor), without_0x(model)),
                           .driver = link_name(root, device / "driver"),
                           .klass = *klass});
    }
    return devices;
}

}  // namespace pando::hwdetect
