// SPDX-License-Identifier: GPL-2.0-or-later
// What the console is told of drivers: that one failed, or lacks its firmware, at once; that a device has none, as a
// warning when a stage fails, and as a plain line at the end of a boot that does well: an image for known machines
// leaves out on purpose what its boot does not need. Each line once.
//
//   note_drivers(TRY(hwdetect::coldplug(there, deadline)));
//   tell_lacking_drivers();                                   // a stage has failed: was it for this?
#pragma once

#include "hwdetect/coldplug.h"

#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace pando::initrd {

class DriverReport {
public:
    // The lines to tell now.
    std::vector<std::string> note(const hwdetect::Coldplug& done);
    // The lines that were kept back.
    std::vector<std::string> lacking();

private:
    std::mutex mutex_;
    std::set<std::string> told_;
    std::vector<std::string> kept_;
};

// Of this process, with what happened in the background. May be called by any thread.
void note_drivers(const hwdetect::Coldplug& done);
void tell_lacking_drivers();  // a stage has failed
void note_lacking_drivers();  // all went well

}  // namespace pando::initrd
