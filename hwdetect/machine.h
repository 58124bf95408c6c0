// SPDX-License-Identifier: GPL-2.0-or-later
// What this box of metal is, as far as a boot must know at once: read from sysfs below a Sysroot, never from the
// network. All there is to know is hwdetect/inventory.h's.
//
//   auto machine = TRY(hwdetect::read_machine(TRY(Sysroot::open("/"))));
//   log::info("{}", hwdetect::describe(machine));
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/sysroot.h"

namespace pando::hwdetect {

struct NetworkInterface {
    std::string name;         // the kernel's name now
    std::string mac;          // lower case; the permanent one where sysfs tells it (members of a bond)
    std::string driver;       // empty when unknown
    std::string device;       // bus address, e.g. 0000:00:03.0
    bool carrier = false;     // false as well when the interface is down
    bool random_mac = false;  // made up by the kernel at this boot
};

// Can the machine be known by this NIC's MAC? Not by one that names no NIC, or that the kernel made up at this boot.
bool has_lasting_mac(const NetworkInterface& nic);

struct Watchdog {
    std::string device;               // watchdog0
    std::string identity;             // the driver's name for the card
    std::optional<unsigned> timeout;  // seconds now set
    std::optional<unsigned> min_timeout, max_timeout;
};

struct Bmc {
    std::string device;  // ipmi0, or the driver's device when ipmi_devintf is not loaded
    std::string type;    // kcs, bt, ssif as the driver says
};

struct Machine {
    std::string uuid;                            // lower case; empty when absent or a placeholder
    std::string vendor, product, serial, asset;  // placeholders ("To be filled by O.E.M.", all zeros) are empty
    std::vector<NetworkInterface> nics;          // physical ones only
    std::vector<Watchdog> watchdogs;
    std::optional<Bmc> bmc;
};

// Error: the firmware's tables are there and must not be read (not root). What is absent is left empty.
Result<Machine> read_machine(const Sysroot& root);

// One line for a console: "vendor product, serial S, UUID U, MACs M1 M2".
std::string describe(const Machine& machine);

}  // namespace pando::hwdetect
