// SPDX-License-Identifier: GPL-2.0-or-later
// Loading drivers for what a boot needs (storage, network, watchdog, BMC, and the buses they hang on) by modalias
// through libkmod, while listening to the kernel for devices that appear. Graphics, sound and the rest stay untouched.
//
//   auto found = TRY(hwdetect::coldplug([&] { return all_nics_of(node); }, deadline));
//   for (const auto& line : found.missing) log::warning("{}", line);
#pragma once

#include "base/deadline.h"
#include "base/result.h"
#include "base/sysroot.h"

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace pando::hwdetect {

struct LoadedDriver {
    std::string module;
    std::string device;  // sysfs path of the device that asked for it
};

struct Coldplug {
    std::vector<LoadedDriver> loaded;  // by us, in the order in which they came up
    std::vector<std::string>
        missing;  // "network controller 8086:1572 at …: no driver in this image": storage, network, watchdogs, BMCs
    std::vector<std::string> failed;  // "mpt3sas for /sys/…: Invalid argument"
    // "firmware bnx2x/….fw for bnx2x at 0000:06:00.0: not in this image …", as the kernel has said meanwhile
    std::vector<std::string> firmware;
};

// Loads drivers until `satisfied` says so (asked at the start, at every device the kernel reports and at every driver
// that came up) or the deadline passes. Passing the deadline is no error here: the caller knows what was wanted and
// says so. Storage and network come first, then IPMI and watchdogs, then USB. Several drivers load at once, as one
// slow controller must not hold up the others.
//
// At the return the rest goes on in the background, for a minute at most: what nobody waits for, such as a watchdog or
// a BMC, has its driver soon after, also when its device appears only with the driver of a chip below it.
Result<Coldplug> coldplug(const std::function<bool()>& satisfied, Deadline deadline);

// What has happened in the background since the last call, or since coldplug() returned.
Coldplug coldplug_since();

// Modules by name with their dependencies; already loaded or built in is success.
Result<> load_modules(const std::vector<std::string>& names);

// Keyboards, for a shell on the console; coldplug leaves them out.
const std::vector<std::string>& console_modules();

// Does this modalias belong to what a boot needs? (PCI class, virtio, USB network and storage, platform IPMI, …)
bool boot_relevant(std::string_view modalias);

// A device that no driver holds.
struct WaitingDevice {
    std::string modalias;
    std::string device;  // /sys/bus/pci/devices/0000:00:03.0
};

// Those now there that matter for a boot, the most important first.
Result<std::vector<WaitingDevice>> waiting_devices(const Sysroot& root);

// Names of the modules a boot may need, out of a kernel's modules.dep: for the image of any machine. `module_directory`
// is lib/modules/VERSION. Dependencies are left to who builds the image.
Result<std::vector<std::string>> boot_modules(const std::filesystem::path& module_directory);

// The same out of the text of a modules.dep.
std::vector<std::string> boot_modules_of(std::string_view modules_dep);

}  // namespace pando::hwdetect
