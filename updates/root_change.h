// SPDX-License-Identifier: GPL-2.0-or-later
// A change of the shared root by a command, and no second one at the same time: what was before is kept, what became
// of it is recorded.
//
//   auto change = TRY(RootChange::begin("/", {node, "apt-get upgrade"}, Deadline::after(10min)));
//   const int status = …;
//   const Record record = TRY(change.finish(status));
#pragma once

#include "cdsl/lock.h"
#include "updates/etc_files.h"
#include "updates/record.h"

namespace pando::updates {

constexpr size_t kept_changes = 20;

class RootChange {
public:
    // Waits for another's change, and says whose. One that was cut off is ended first: its record tells what it had
    // changed by then.
    static Result<RootChange> begin(const std::filesystem::path& root, const cdsl::Holder& who, Deadline deadline);

    Result<Record> finish(int status);
    unsigned number() const { return record_.number; }

private:
    RootChange() = default;
    std::filesystem::path root_;
    cdsl::ChangeLock lock_;
    Record record_;
    Packages packages_;
    EtcFiles etc_;
};

}  // namespace pando::updates
