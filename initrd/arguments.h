// SPDX-License-Identifier: GPL-2.0-or-later
// The kernel command line as far as Pando reads it. The grammar is strict: an unknown rd.pando.* key, a key given twice
// or a value that is no such thing is refused, because a typing error in a boot script must not change a boot silently.
// A value with blanks stands in double quotes, as the kernel has it.
#pragma once

#include "base/result.h"

#include <optional>
#include <string>
#include <string_view>

namespace pando::initrd {

struct BootArguments {
    std::optional<std::string> break_stage;  // rd.pando.break=STAGE
    std::optional<std::string> install;      // rd.pando.install=URL
    std::optional<std::string> overwrite;    // rd.pando.overwrite=IDENTITY, with the former only
    bool debug = false;                      // rd.pando.debug
    std::optional<std::string> boot_mac;     // BOOTIF=01-aa-bb-cc-dd-ee-ff, as aa:bb:cc:dd:ee:ff
    std::string init = "/sbin/init";         // init=
};

Result<BootArguments> parse_boot_arguments(std::string_view command_line);

}  // namespace pando::initrd
