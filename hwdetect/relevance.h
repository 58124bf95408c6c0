// SPDX-License-Identifier: GPL-2.0-or-later
// Which devices matter for a boot, judged by the modalias alone, and in which order their drivers are wanted.
#pragma once

#include <optional>
#include <string_view>

namespace pando::hwdetect {

enum class Rank {
    essential,   // storage and network, and the buses that carry nothing else
    survival,    // IPMI and watchdogs, and the chips that these hang on
    peripheral,  // USB: sticks, virtual media of a BMC, USB NICs
};

// Is the device surely one whose driver is wanted? Then its lack is told. Of the chips that watchdogs hang on most have
// none, and many have no driver in any kernel.
bool lack_is_told(std::string_view modalias);

// Nothing: a boot does not need it.
std::optional<Rank> rank_of(std::string_view modalias);

}  // namespace pando::hwdetect
