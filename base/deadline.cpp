// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/deadline.h"

#include <algorithm>
#include <ctime>

namespace pando {

Milliseconds since_boot() {
    timespec now{};
    clock_gettime(CLOCK_BOOTTIME, &now);
    return std::chrono::duration_cast<Milliseconds>(std::chrono::seconds(now.tv_sec) +
                                                    std::chrono::nanoseconds(now.tv_nsec));
}

Milliseconds Deadline::remaining() const {
    constexpr Milliseconds day = std::chrono::hours(24);
    if (!end_) return day;
    return std::clamp(*end_ - since_boot(), Milliseconds(0), day);
}

Deadline Deadline::capped(Milliseconds span) const {
    const Deadline other = after(span);
    return end_ && *end_ < *other.end_ ? *this : other;
}

}  // namespace pando
