// SPDX-License-Identifier: GPL-2.0-or-later
// Programs in a row, each one's output the next one's input, without a shell.
//
//   TRY(run_pipeline({{"zstd", "-dc", archive}, {"tar", "-x", "-C", directory}}, deadline, {}));
#pragma once

#include "base/deadline.h"
#include "base/result.h"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace pando::rootfs {

// Succeeds when every program ended with 0. At the deadline all are ended, and the error is of kind timeout.
// `on_line` is given each line that one of them says on standard error; false means it was no complaint and need not
// be kept for the error message.
Result<> run_pipeline(const std::vector<std::vector<std::string>>& programs, Deadline deadline,
                      const std::function<bool(std::string_view line)>& on_line);

}  // namespace pando::rootfs
