// SPDX-License-Identifier: GPL-2.0-or-later
// iproute2 with many commands in one process; at a failure the error names the command.
#pragma once

#include "base/deadline.h"
#include "base/result.h"

#include <string>
#include <vector>

namespace pando::initrd {

Result<> ip_batch(const std::vector<std::string>& commands, Deadline deadline);

}  // namespace pando::initrd
