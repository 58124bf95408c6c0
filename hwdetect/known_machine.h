// SPDX-License-Identifier: GPL-2.0-or-later
// Which drivers a recorded machine boots with: those that a boot would load on it, by its inventory, out of a kernel
// that need not be the one it was recorded under.
//
//   const auto kernel = TRY(hwdetect::modules_of_kernel(root / "usr/lib/modules/6.1.0-9-amd64"));
//   const auto chosen = TRY(hwdetect::drivers_of_machine(TRY(read_file("hardware.json")), kernel));
#pragma once

#include "base/result.h"

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace pando::hwdetect {

// Modules of a kernel that claim a modalias, or have this name. None: it has none, neither as a file nor built in.
using ModulesFor = std::function<std::vector<std::string>(const std::string& modalias_or_name)>;

// By libkmod, out of the indexes in lib/modules/VERSION; what the running system configures does not count.
Result<ModulesFor> modules_of_kernel(const std::filesystem::path& module_directory);

struct MachineDrivers {
    std::vector<std::string> modules;  // sorted, each once; their dependencies are left to who builds the image
    std::vector<std::string> missing;  // "hpsa of 103c:3354 at 0000:05:00.0": this kernel has no such driver
};

// `inventory`: what `pando hw probe --json` prints and each boot stores. One of an older version, without the devices'
// modaliases, is gone by through the names of its drivers. Error: it is no inventory.
Result<MachineDrivers> drivers_of_machine(std::string_view inventory, const ModulesFor& modules_for);

}  // namespace pando::hwdetect
