// SPDX-License-Identifier: GPL-2.0-or-later
// Waiting for a state nobody announces (a port that is bound, a BMC that answers): looked at again and again until
// the deadline, or until the process it depends on has ended, or until the operator pressed Ctrl-C.
#pragma once

#include "base/process.h"
#include "base/result.h"

#include <functional>
#include <string_view>

namespace pando::lab {

// `reached` returns true when the state is there; its Error ends the waiting. `process` may be null.
Result<> wait_until(std::string_view what, Deadline deadline, const Child* process,
                    const std::function<Result<bool>()>& reached);

// While one lives, SIGINT, SIGTERM and SIGHUP do not end this program: they end its waiting, so that it can clean up.
class Interruptible {
public:
    Interruptible();
    ~Interruptible();
    Interruptible(const Interruptible&) = delete;
    Interruptible& operator=(const Interruptible&) = delete;
};

// An Error once such a signal came.
Result<> check_interrupted();

}  // namespace pando::lab
