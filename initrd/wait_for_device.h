// SPDX-License-Identifier: GPL-2.0-or-later
// Waiting for something to appear in sysfs: the state is looked at, the kernel's events only wake the looker.
#pragma once

#include "base/deadline.h"
#include "base/result.h"
#include "hwdetect/uevent.h"

#include <optional>

namespace pando::initrd {

// Something may appear without an event here: a filesystem that another machine is just writing.
constexpr Milliseconds look_again{2000};

// Looks, and looks again at every event, until `look` has something, an error, or the deadline passes.
template <typename T, typename Look>
Result<std::optional<T>> wait_for(const Look& look, Deadline deadline) {
    auto events = TRY(hwdetect::Uevents::listen());
    for (;;) {
        std::optional<T> found = TRY(look());
        if (found || deadline.passed()) return found;
        (void)events.wait(deadline.capped(look_again));
    }
}

}  // namespace pando::initrd
