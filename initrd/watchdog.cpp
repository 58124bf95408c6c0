// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/watchdog.h"

#include <fcntl.h>
#include <linux/watchdog.h>
#include <sys/ioctl.h>

namespace pando::initrd {

Result<Watchdog> Watchdog::open(const std::filesystem::path& device, unsigned seconds) {
    Watchdog card;
    card.fd_.reset(::open(device.c_str(), O_WRONLY | O_CLOEXEC));
    if (!card.fd_.valid()) {
        const int error = errno;
        auto failure = fail_errno(error, "opening {}", device.string());
        if (error == EBUSY)
            failure.advise("somebody else feeds it: sbd, or systemd (RuntimeWatchdogSec= in its system.conf)");
        return failure;
    }
    int given = static_cast<int>(seconds);
    // A driver that refuses, or has one timeout only, keeps what it has: it is asked either way.
    const bool set = ioctl(card.fd_.get(), WDIOC_SETTIMEOUT, &given) == 0;
    int got = 0;
    if (ioctl(card.fd_.get(), WDIOC_GETTIMEOUT, &got) == 0 && got > 0)
        card.timeout_ = static_cast<unsigned>(got);
    else if (set && given > 0)
        card.timeout_ = static_cast<unsigned>(given);
    else
        return fail("{} does not tell its timeout", device.string());
    TRY(card.feed());
    return card;
}

Result<> Watchdog::feed() const {
    if (ioctl(fd_.get(), WDIOC_KEEPALIVE, 0) < 0) return fail_errno(errno, "feeding the watchdog");
    return {};
}

Result<> Watchdog::release() {
    // "Magic close": it stops at the close that follows a V, unless the driver was told never to (nowayout).
    if (write(fd_.get(), "V", 1) != 1) return fail_errno(errno, "stopping the watchdog");
    fd_.reset();
    return {};
}

}  // namespace pando::initrd
