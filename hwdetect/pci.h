// SPDX-License-Identifier: GPL-2.0-or-later
// The PCI devices of a machine, each with its class.
//
//   for (const PciDevice& device : pci_devices(root)) if (device.base_class() == 0x02) …
#pragma once

#include "base/sysroot.h"

#include <string>
#include <vector>

namespace pando::hwdetect {

struct PciDevice {
    std::string address;  // 0000:18:00.0
    std::string modalias;
    std::string id;      // "1000:005d": vendor and device
    std::string driver;  // empty: none
    unsigned klass = 0;  // base class, subclass, interface: 0x010700
    unsigned base_class() const { return klass >> 16U; }
    unsigned subclass() const { return klass >> 8U & 0xffU; }
};

std::vector<PciDevice> pci_devices(const Sysroot& root);  // by address

}  // namespace pando::hwdetect
