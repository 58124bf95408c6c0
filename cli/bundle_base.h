// SPDX-License-Identifier: GPL-2.0-or-later
// What a description that was fetched to be edited was made from: `bundle get` leaves the bundle itself beside the
// files, and `bundle write` sees by it whether somebody else changed the description meanwhile.
//
//   const auto base = TRY(read_base(directory));
//   if (base) TRY(refuse_if_stale(*base, newest));
#pragma once

#include "base/result.h"
#include "config/bundle.h"

#include <filesystem>
#include <optional>

namespace pando::cli {

constexpr const char* base_file = ".pando-base";

Result<> write_base(const std::filesystem::path& directory, const config::Bundle& bundle);

// Before the files are written: no base must be beside files of another generation.
Result<> remove_base(const std::filesystem::path& directory);

// Nothing when the directory was not fetched.
Result<std::optional<config::Bundle>> read_base(const std::filesystem::path& directory);

// Refused when `newest` says anything else than `base`. What changed is for the caller to show.
Result<> refuse_if_stale(const config::Bundle& base, const config::Bundle& newest);

}  // namespace pando::cli
