// SPDX-License-Identifier: GPL-2.0-or-later
// What firmware and kernels say when they know nothing: texts, UUIDs and MACs that many machines share. None of them
// may decide which node a machine is.
//
//   if (is_placeholder("To be filled by O.E.M.")) …
#pragma once

#include "config/placeholder.h"

#include <string_view>

namespace pando::hwdetect {

using config::is_placeholder;

enum class MacKind {
    unusable,   // all zeros, a group address, no MAC at all: names no NIC
    local,      // made up by software, unique only where somebody takes care of it: virtual machines, some blades
    universal,  // given by the maker
};

MacKind kind_of_mac(std::string_view mac);  // "52:54:00:4d:00:11"

const char* to_string(MacKind kind);

}  // namespace pando::hwdetect
