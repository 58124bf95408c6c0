// SPDX-License-Identifier: GPL-2.0-or-later
// Keys that follow from the cluster's authkey, one for each purpose: there is nothing to store, and who has read the
// bundle has them.
//
//   const auto key = TRY(derive_key(authkey, "pando report key 1: grove"));
#pragma once

#include "base/result.h"

#include <array>
#include <string_view>

namespace pando::config {

using DerivedKey = std::array<unsigned char, 32>;

// HKDF (RFC 5869) with SHA-256: each purpose gives a key that tells nothing of the others, nor of the authkey.
Result<DerivedKey> derive_key(std::string_view authkey, std::string_view purpose);

}  // namespace pando::config
