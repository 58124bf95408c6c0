// SPDX-License-Identifier: GPL-2.0-or-later
// Loading drivers for what a boot needs (storage, network, watchdog, BMC, and the buses they hang on) by modalias
// through libkmod, while listening to the kernel for devices that appear. Graphics, sound and the rest stay untouched.
#pragma once

#include "base/deadline.h"
#include "base/result.h"

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace pando::hwdetect {

struct LoadedDriver {
    std::string module;
    std::string device;      // sysfs path of the device that asked for it
};

struct Coldplug {
    std::vector<LoadedDriver> loaded;
    std::vector<std::string> missing;    // "pci:v…: no driver in this image", for the devices we care about
};

// Loads drivers until `satisfied` says so (asked whenever the kernel reports a device) or the deadline passes.
// Passing the deadline is no error here: the caller knows what was wanted and says so.
Result<Coldplug> coldplug(const std::function<bool()>& satisfied, Deadline deadline);

// Modules by name with their dependencies; already loaded or built in is success.
Result<> load_modules(const std::vector<std::string>& names);

// Does this modalias belong to what a boot needs? (PCI class, virtio, USB network and storage, platform IPMI, …)
bool boot_relevant(std::string_view modalias);

// Names of the modules a boot may need, out of a kernel's modules.alias and modules.dep: for the image of any machine.
Result<std::vector<std::string>> boot_modules(const std::filesystem::path& module_directory);

}  // namespace pando::hwdetect
