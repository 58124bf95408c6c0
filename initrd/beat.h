// SPDX-License-Identifier: GPL-2.0-or-later
// A claim's beat: what tells others that the machine which claims a node lives (config/register.h has the record).
#pragma once

#include "base/result.h"
#include "base/store.h"
#include "config/register.h"

#include <optional>

namespace pando::initrd {

// Writes the claim anew with the next beat. When another machine has taken the node meanwhile, nothing is written and
// its claim returned.
Result<std::optional<config::Claim>> beat(Store& store, config::Claim& claim);

}  // namespace pando::initrd
