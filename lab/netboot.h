// SPDX-License-Identifier: GPL-2.0-or-later
// What the blades load: the netboot directory as it is, served by HTTP, with one file of the lab's in front of it. In
// place of boot.ipxe every blade gets a script that leads it to its own copy, so that one blade can be given other
// kernel arguments than the rest.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <filesystem>
#include <string>

namespace pando::lab {

// The script with `arguments` at the end of its kernel lines.
std::string with_kernel_arguments(const std::string& script, const std::string& arguments);

// The script with its files taken from the netboot directory's current set, in place of the set that it was made with:
// a lab's copy of the script may outlive that one.
std::string from_current_set(const std::string& script);

std::string blade_script_name(const std::string& mac);  // aa-bb-cc-dd-ee-ff.ipxe
// Leads to the blade's own script, or to any.ipxe when it has none.
std::string chooser_script();

struct HttpPaths {
    std::filesystem::path netboot;  // served as /
    std::filesystem::path scripts;  // boot.ipxe of it is served as /boot.ipxe, all of it as /lab/
    std::filesystem::path log;
    std::filesystem::path uploads;  // for lighttpd's temporary files
};
std::string lighttpd_conf(const HttpPaths& paths, const std::string& address, uint16_t port);

}  // namespace pando::lab
