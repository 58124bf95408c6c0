// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/wait.h"

#include <poll.h>
#include <array>
#include <csignal>

namespace pando::lab {
namespace {

constexpr std::array<int, 3> ending_signals{SIGINT, SIGTERM, SIGHUP};

volatile sig_atomic_t received = 0;
std::array<struct sigaction, ending_signals.size()> before;

}  // namespace

Interruptible::Interruptible() {
    received = 0;
    struct sigaction action {};
    action.sa_handler = [](int signal) { received = signal; };
    for (size_t i = 0; i < ending_signals.size(); ++i) sigaction(ending_signals[i], &action, &before[i]);
}

Interruptible::~Interruptible() {
    for (size_t i = 0; i < ending_signals.size(); ++i) sigaction(ending_signals[i], &before[i], nullptr);
    received = 0;
}

Result<> check_interrupted() {
    if (received != 0) return fail("interrupted by signal {}", static_cast<int>(received));
    return {};
}

Result<> wait_until(std::string_view what, Deadline deadline, const Child* process,
                    const std::function<Result<bool>()>& reached, Milliseconds pause) {
    for (;;) {
        TRY(check_interrupted());
        const bool ended = process != nullptr && !process->running();
        if (TRY(reached())) return {};
        if (ended) return fail("{}: its process ended", what);
        if (deadline.passed()) return fail("{}: not within the deadline", what).kind(ErrorKind::timeout);
        pollfd end{process != nullptr ? process->pidfd() : -1, POLLIN, 0};
        poll(&end, 1, deadline.capped(pause).poll_timeout());
    }
}

}  // namespace pando::lab
