// SPDX-License-Identifier: GPL-2.0-or-later
// The last resort of a stage. A system call on a frozen filesystem cannot be interrupted, and then no deadline is kept:
// the guard resets the machine, which its peers can handle, where a blade that hangs for ever is one that nobody can.
#pragma once

#include "base/deadline.h"

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace pando::initrd {

class StageGuard {
public:
    // Says what hung and resets when it still stands at `limit`.
    StageGuard(std::string stage, Deadline limit);
    ~StageGuard();
    StageGuard(const StageGuard&) = delete;
    StageGuard& operator=(const StageGuard&) = delete;

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool over_ = false;
    std::thread watcher_;
};

}  // namespace pando::initrd
