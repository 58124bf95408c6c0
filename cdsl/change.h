// SPDX-License-Identifier: GPL-2.0-or-later
// Changes of a root's CDSLs: an intent, its steps, and the end of both. One at a time, by whoever holds the lock.
//
//   auto change = TRY(Change::begin("/", {"n1", "pando cdsl create"}));   // completes what was interrupted before
//   Intent intent = TRY(plan_creation(change.shared(), cluster, {rule}));
//   TRY(change.carry_out(intent));
#pragma once

#include "cdsl/apply.h"
#include "cdsl/journal.h"
#include "cdsl/shared_root.h"

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace pando::cdsl {

// What becomes of an interrupted change: it is completed, and undone only where that cannot be; or it is undone, which
// is refused when it cannot be.
enum class Recovery { complete, undo };

class Change {
public:
    static Result<Change> begin(const std::filesystem::path& root, Holder who, Checkpoint checkpoint = {},
                                Recovery recovery = Recovery::complete);

    const SharedRoot& shared() const { return shared_; }
    // Of interrupted changes: each a line that says whose it was and what became of it.
    const std::vector<std::string>& recovered() const { return recovered_; }

    // Writes the intent, does all it says, and forgets it. On an error before the commit what was done is undone where
    // that is possible; where it is not, and after the commit, the intent stays and the next command goes on. The lines
    // say what could not be done and does not keep the change from being complete.
    Result<std::vector<std::string>> carry_out(Intent intent) const;

private:
    Change(SharedRoot shared, ChangeLock lock, Holder who, Checkpoint checkpoint)
        : shared_(std::move(shared)),
          lock_(std::move(lock)),
          who_(std::move(who)),
          checkpoint_(std::move(checkpoint)) {}

    SharedRoot shared_;
    ChangeLock lock_;
    Holder who_;
    Checkpoint checkpoint_;
    std::vector<std::string> recovered_;
};

// Completes or undoes what the journal has; the caller holds the lock. Lines as of Change::recovered().
Result<std::vector<std::string>> recover(const SharedRoot& shared, const Checkpoint& checkpoint,
                                         Recovery recovery = Recovery::complete);

// Can the interrupted change be undone? An Error says why not, and what to do instead.
Result<> check_undo(const SharedRoot& shared, const Intent& intent);

// The same, unless somebody holds the lock or `may` says no to one of the intents: an Error that names it then.
Result<std::vector<std::string>> recover_now(const SharedRoot& shared, const Holder& who,
                                             const Checkpoint& checkpoint = {},
                                             const std::function<bool(const Intent&)>& may = {});

}  // namespace pando::cdsl
