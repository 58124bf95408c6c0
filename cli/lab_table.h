// SPDX-License-Identifier: GPL-2.0-or-later
// The table of a lab's nodes that `lab up` and `lab status` print.
#pragma once

#include "lab/lab.h"

#include <vector>

namespace pando::cli {

void print_lab_table(const std::vector<lab::NodeStatus>& nodes);

}  // namespace pando::cli
