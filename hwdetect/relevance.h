// SPDX-License-Identifier: GPL-2.0-or-later
// Which devices matter for a boot, judged by the modalias alone, and in which order their drivers are wanted.
#pragma once

#include <optional>
#include <string_view>

namespace pando::hwdetect {

enum class Rank {
    essential,   // storage and network, and the buses that carry nothing else: their lack is reported
    survival,    // IPMI and watchdogs, and the chips that these hang on
    peripheral,  // USB: sticks, virtual media of a BMC, USB NICs
};

// Nothing: a boot does not need it.
std::optional<Rank> rank_of(std::string_view modalias);

}  // namespace pando::hwdetect
