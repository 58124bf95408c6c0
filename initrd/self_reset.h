// SPDX-License-Identifier: GPL-2.0-or-later
// A node ends itself: it says why on every console and to its BMC, puts what helps into the kernel's log, and panics,
// since at a panic the kernel keeps its log in pstore for the next boot (initrd/last_end.h). All it touches is in
// memory.
#pragma once

#include "base/deadline.h"
#include "base/fd.h"
#include "base/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace pando::initrd {

// What the next boot looks for in the kernel's log: "this machine resets itself now: corosync (process 812) has ended".
constexpr std::string_view reset_marker = "this machine resets itself now: ";

// A kernel that panics, for whatever reason, starts again by itself after so many seconds.
constexpr int panic_reboot_seconds = 10;

// What is kept open from the start, since nothing may be looked for at the end.
class Resetter {
public:
    static Result<Resetter> open();

    // Only when the kernel refuses everything does it return; the watchdog, which nobody feeds by then, is what is
    // left.
    void reset(const std::string& reason) const;

private:
    void tell_state(const std::string& reason) const;
    void tell_bmc(const std::string& reason, Deadline deadline) const;

    UniqueFd sysrq_, kernel_log_;
};

// The last lines of a text, `bytes` of it at most.
std::vector<std::string> last_lines(std::string_view text, size_t lines, size_t bytes);

}  // namespace pando::initrd
