// SPDX-License-Identifier: GPL-2.0-or-later
// Small readings of sysfs and /proc below a Sysroot. What is absent or not readable is empty: sysfs refuses to tell
// many things (the speed of a link that is down), and that is an answer.
#pragma once

#include "base/sysroot.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pando::hwdetect {

std::string lower(std::string_view text);

// Firmware holds any bytes; consoles, YAML and JSON get printable ASCII, blanks folded and trimmed.
std::string cleaned(std::string_view raw);

// Eight digits, four, four, four, twelve, hexadecimal.
bool is_uuid(std::string_view text);

std::string line_or_empty(const Sysroot& root, const std::filesystem::path& file);
std::optional<uint64_t> number(const Sysroot& root, const std::filesystem::path& file);
std::string link_name(const Sysroot& root, const std::filesystem::path& link);  // the last part of its target
std::vector<std::string> names_in(const Sysroot& root, const std::filesystem::path& directory);  // none when absent

// sys/class/dmi/id/FIELD. Error: it is there and may not be read (not root).
Result<std::string> dmi_field(const Sysroot& root, std::string_view field);

bool is_pci_address(std::string_view text);  // 0000:00:03.0

// The PCI device that a device of /sys/class hangs on, the last one on the way; else what its `device` link names.
std::string bus_address(const Sysroot& root, const std::filesystem::path& device);

// An Ethernet port of this machine: no bridge, bond, wireless card or virtual function.
bool is_physical_nic(const Sysroot& root, const std::filesystem::path& nic);

}  // namespace pando::hwdetect
