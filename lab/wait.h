// SPDX-License-Identifier: GPL-2.0-or-later
// Waiting for a state nobody announces (a port that is bound, a BMC that answers): looked at again and again until
// the deadline, or until the process it depends on has ended, or until the operator pressed Ctrl-C.
//
//   TRY(wait_until("dnsmasq", deadline, &child, [&] { return port_bound(…); }));
//   TRY(wait_until("n1: ssh", deadline, nullptr, [&] { return login_works(); }, between_programs));
#pragma once

#include "base/process.h"
#include "base/result.h"

#include <functional>
#include <string_view>

namespace pando::lab {

// From one look to the next.
constexpr Milliseconds between_looks(20);
// When a look starts a program (ssh, ipmitool): more often it would take from the blades what they need to get there.
constexpr Milliseconds between_programs(500);

// `reached` returns true when the state is there; its Error ends the waiting. `process` may be null.
Result<> wait_until(std::string_view what, Deadline deadline, const Child* process,
                    const std::function<Result<bool>()>& reached, Milliseconds pause = between_looks);

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
