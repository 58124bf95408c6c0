// SPDX-License-Identifier: GPL-2.0-or-later
// What an Action (cdsl/journal.h) does on disk. Each may be interrupted anywhere and done again.
#pragma once

#include "cdsl/apply.h"
#include "cdsl/journal.h"
#include "cdsl/shared_root.h"

namespace pando::cdsl {

// Of an intent, whose inventory says which content is whose. The caller holds the lock of changes.
Result<> perform(const SharedRoot& shared, const Intent& intent, const Action& action, const Checkpoint& checkpoint);

// Has the intent's commit taken place, or begun to? From then on the change can only be completed.
Result<bool> is_committed(const SharedRoot& shared, const Intent& intent);

// Takes away what a commit that did not take place has made.
Result<> forget_commit(int root, const Intent& intent);

}  // namespace pando::cdsl
