// SPDX-License-Identifier: GPL-2.0-or-later
// The kernel command line as far as Pando reads it. The grammar is strict: an unknown rd.pando.* key, a key given twice
// or a value that is no such thing is refused, because a typing error in a boot script must not change a boot silently.
// A value with blanks stands in double quotes, as the kernel has it.
#pragma once

#include "base/result.h"
#include "config/cluster.h"

#include <optional>
#include <string>
#include <string_view>

namespace pando::initrd {

// The address that the boot loader had; the first stages go on with it.
struct BootAddress {
    std::string address;                 // with prefix: 192.0.2.11/24
    std::optional<std::string> gateway;  // none: only its own network
};

struct BootArguments {
    // How the LUN is reached before anything else is known; nothing of it is secret.
    std::string cluster;                 // rd.pando.cluster=NAME
    config::Storage storage;             // rd.pando.target=IQN .portals=A,B .lun=N .initiator=PREFIX .identity=WWN
    std::optional<std::string> report;   // rd.pando.report=ADDRESS: who hears of this boot before it has a key
    std::optional<BootAddress> address;  // rd.pando.address=A/MASK or A/LENGTH, rd.pando.gateway=G; empty: by DHCP

    std::optional<std::string> break_stage;  // rd.pando.break=STAGE
    std::optional<std::string> install;      // rd.pando.install=URL
    std::optional<std::string> overwrite;    // rd.pando.overwrite=IDENTITY, with the former only
    bool debug = false;                      // rd.pando.debug
    std::optional<std::string> boot_mac;     // BOOTIF=01-aa-bb-cc-dd-ee-ff, as aa:bb:cc:dd:ee:ff
    std::string init = "/sbin/init";         // init=
};

Result<BootArguments> parse_boot_arguments(std::string_view command_line);

}  // namespace pando::initrd
