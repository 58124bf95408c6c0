// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/guard.h"

#include "base/log.h"
#include "initrd/ending.h"

namespace pando::initrd {

StageGuard::StageGuard(std::string stage, Deadline limit)
    : watcher_([this, stage = std::move(stage), limit] {
          std::unique_lock lock(mutex_);
          if (changed_.wait_for(lock, limit.remaining(), [this] { return over_; })) return;
          log::error("stage {} hangs past its deadline: this machine is reset now", stage);
          log::hint("something below it does not return, as a frozen root does not; are the other nodes fenced?");
          end_machine(Ending::reboot);
      }) {}

StageGuard::~StageGuard() {
    {
        const std::lock_guard lock(mutex_);
        over_ = true;
    }
    changed_.notify_all();
    watcher_.join();
}

}  // namespace pando::initrd
