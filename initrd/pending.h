// SPDX-License-Identifier: GPL-2.0-or-later
// A machine that is no node of the description: it waits where operators see it, in the register on the LUN, until a
// newer description names it.
#pragma once

#include "base/deadline.h"
#include "base/result.h"
#include "initrd/boot.h"

namespace pando::initrd {

// Sets boot.identity, at once or when a newer description names this machine, which it then goes by. The error at the
// deadline is why it is none.
Result<> identify_or_wait(Boot& boot, Deadline deadline);

}  // namespace pando::initrd
