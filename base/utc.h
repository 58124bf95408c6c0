// SPDX-License-Identifier: GPL-2.0-or-later
// Moments as everything of ours writes them: 2026-11-22T22:10:03Z.
//
//   record.when = utc_now();
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace pando {

std::string utc(int64_t seconds_since_1970);
std::string utc_now();
std::optional<int64_t> seconds_of_utc(const std::string& text);  // since 1970; nothing: no such text

}  // namespace pando
