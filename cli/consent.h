// SPDX-License-Identifier: GPL-2.0-or-later
// The question before something is done that was shown.
//
//   if (!TRY(agreed(options.yes, "Write it?"))) return 1;
#pragma once

#include "base/result.h"

#include <string_view>

namespace pando::cli {

// Without a terminal nobody can answer, so --yes is the answer; neither is an error.
Result<bool> agreed(bool yes, std::string_view question = "Do this?");

}  // namespace pando::cli
