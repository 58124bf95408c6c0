// SPDX-License-Identifier: GPL-2.0-or-later
// A device without a driver, as a person names it: "network controller 8086:1572 at 0000:3b:00.0".
#pragma once

#include <string>
#include <string_view>

namespace pando::hwdetect {

// `modalias` is the kernel's ("pci:v00008086d00001572…bc02sc00i00"); one of another bus is told as it is. `device` is
// its path in sysfs, whose last part is the place.
std::string device_name(std::string_view modalias, std::string_view device);

}  // namespace pando::hwdetect
