// SPDX-License-Identifier: GPL-2.0-or-later
// What makers call their PCI devices, from libudev's hardware database. It is looked up by numbers only, so a recorded
// machine's devices are found as well; where the database is not installed the numbers stand in.
//
//   const HardwareNames names;
//   names.product("pci:v00008086d…") == "Intel Corporation Ethernet Controller X710"
#pragma once

#include <memory>
#include <string>

struct udev;
struct udev_hwdb;

namespace pando::hwdetect {

class HardwareNames {
public:
    HardwareNames();
    std::string product(const std::string& modalias) const;  // empty when it is not known

private:
    struct Free {
        void operator()(udev* context) const;
        void operator()(udev_hwdb* database) const;
    };
    std::unique_ptr<udev, Free> context_;
    std::unique_ptr<udev_hwdb, Free> database_;  // null: there is none
};

}  // namespace pando::hwdetect
