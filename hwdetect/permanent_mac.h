// SPDX-License-Identifier: GPL-2.0-or-later
// The address a NIC came with. sysfs shows only the one it goes by now.
#pragma once

#include <string>

namespace pando::hwdetect {

// Asks the running kernel. "aa:bb:…"; empty when the driver does not tell.
std::string ask_permanent_mac(const std::string& nic);

}  // namespace pando::hwdetect
