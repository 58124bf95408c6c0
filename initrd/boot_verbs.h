// SPDX-License-Identifier: GPL-2.0-or-later
// The verbs by which an operator asks and orders a boot, from its rescue shell: pando-boot status, retry, set, log,
// fence, reboot, poweroff. On a node that has booted they tell what is known, or what to use there.
//
//   if (const auto status = boot_verb_main({"set", "join.deadline=30m"})) return *status;
#pragma once

#include "base/result.h"
#include "initrd/timeline.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pando::initrd {

// The exit status; nothing when these are the arguments of no such verb.
std::optional<int> boot_verb_main(const std::vector<std::string>& arguments);

struct BootVerb {
    std::string name;
    std::string operand;  // STAGE, NODE, STAGE.KEY=VALUE
    bool json = false, yes = false;
};
std::optional<BootVerb> parse_boot_verb(const std::vector<std::string>& arguments);

// For a person. `now`: what process 1 says of itself; null when it boots no more.
std::string status_text(const Timeline& timeline, const nlohmann::json& now);

// "[   12.04] join: …" of a record of /dev/kmsg that is ours.
std::optional<std::string> boot_line(std::string_view record);

}  // namespace pando::initrd
