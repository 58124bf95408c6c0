// SPDX-License-Identifier: GPL-2.0-or-later
// A machine that is no node of the description: it waits where operators see it, in the register on the LUN, until a
// newer description names it.
#pragma once

#include "base/deadline.h"
#include "base/result.h"
#include "initrd/boot.h"

#include <functional>

namespace pando::initrd {

// hwdetect::read_machine() of the running system.
using MachineReader = std::function<Result<hwdetect::Machine>()>;

// Sets boot.identity, at once or when a newer description names this machine, which it then goes by, or when a NIC that
// came late tells who it is. The error at the deadline is why it is none.
Result<> identify_or_wait(Boot& boot, const MachineReader& read, Deadline deadline);

}  // namespace pando::initrd
