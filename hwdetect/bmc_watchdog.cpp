// SPDX-License-Identifier: GPL-2.0-or-later
#include "hwdetect/bmc_watchdog.h"

#include "hwdetect/inventory_parts.h"

#include <filesystem>

namespace pando::hwdetect {
namespace {

bool has_card(const Sysroot& root) { return !read_watchdog_infos(root).empty(); }

bool has_interface(const Sysroot& root) {
    const auto bmc = read_bmc_info(root, DmiTable());  // as sysfs has it; what firmware tells is held by no driver
    return bmc && !bmc->driver.empty();
}

}  // namespace

Need need_of_bmc_watchdog(const Sysroot& root, std::string_view device) {
    constexpr std::string_view identity = "IPMI", name = "watchdog";
    const bool asked_for = !device.empty() && (identity.starts_with(device) || device == name);
    if (!device.empty() && !asked_for) return Need::none;
    if (root.exists(std::filesystem::path("sys/module") / bmc_watchdog_driver)) return Need::none;
    if (has_card(root)) return asked_for ? Need::blocked : Need::none;
    return has_interface(root) ? Need::there : Need::unknown;
}

}  // namespace pando::hwdetect
