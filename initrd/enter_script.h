// SPDX-License-Identifier: GPL-2.0-or-later
// The way into the chroot that needs nothing of the root: `. /run/pando/enter`, from a shell that is open already.
#pragma once

#include "base/result.h"

#include <sys/types.h>
#include <string>

namespace pando::initrd {

// The script's text. `daemon` lives in the chroot's namespace, and as long as the node is a member.
Result<std::string> enter_script(pid_t daemon);

Result<> write_enter_script(pid_t daemon);

}  // namespace pando::initrd
