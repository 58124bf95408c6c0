// SPDX-License-Identifier: GPL-2.0-or-later
// A point in time after which waiting is over. No wait in Pando is without one.
//
//   Deadline deadline = Deadline::after(std::chrono::seconds(30));
//   while (!deadline.passed()) poll(fds, n, deadline.poll_timeout());
//
// Counted on CLOCK_BOOTTIME: a wrong or jumping wall clock changes nothing.
#pragma once

#include <chrono>
#include <optional>

namespace pando {

using Milliseconds = std::chrono::milliseconds;

// Time since the kernel started.
Milliseconds since_boot();

class Deadline {
public:
    static Deadline after(Milliseconds span) { return Deadline(since_boot() + span); }
    static Deadline never() { return Deadline(std::nullopt); }  // for interactive programs only

    bool passed() const { return end_ && since_boot() >= *end_; }
    // What is left, never negative; a day for never().
    Milliseconds remaining() const;
    // The timeout argument of poll(2): milliseconds, at least 0.
    int poll_timeout() const { return static_cast<int>(remaining().count()); }
    // The earlier of this deadline and `span` from now.
    Deadline capped(Milliseconds span) const;

private:
    explicit Deadline(std::optional<Milliseconds> end) : end_(end) {}
    std::optional<Milliseconds> end_;
};

}  // namespace pando
