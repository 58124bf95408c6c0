// SPDX-License-Identifier: GPL-2.0-or-later
// One watchdog card, from its opening on: its clock runs, and whoever stops feeding it is reset. Closing it does not
// stop the clock, so a watch that was killed ends in a reset as well.
//
//   auto card = TRY(Watchdog::open("/dev/watchdog0", 30));
//   TRY(card.feed());   // well within card.timeout() seconds
#pragma once

#include "base/fd.h"
#include "base/result.h"

#include <filesystem>

namespace pando::initrd {

class Watchdog {
public:
    // `seconds` are what the card is known to take; it may take another, which timeout() tells. Error of errno EBUSY:
    // somebody else feeds it.
    static Result<Watchdog> open(const std::filesystem::path& device, unsigned seconds);

    unsigned timeout() const { return timeout_; }  // as the card has it
    Result<> feed() const;                         // by a BMC's card: as long as the BMC takes to answer
    // Stops the clock, for a machine that is to stand still (halt). Error: the driver does not let it be stopped.
    Result<> release();

private:
    UniqueFd fd_;
    unsigned timeout_ = 0;
};

}  // namespace pando::initrd
