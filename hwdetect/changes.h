// SPDX-License-Identifier: GPL-2.0-or-later
// What was done to a machine between two inventories: parts that came, went, moved or were exchanged. What differs from
// boot to boot with nobody touching anything (links, speeds, names, sessions, remote disks, USB media) is no change.
//
//   for (const Change& change : TRY(changes_between(before, now))) log::warning("hardware: {}", to_string(change));
#pragma once

#include "base/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace pando::hwdetect {

enum class ChangeKind { added, removed, replaced, changed };

struct Change {
    ChangeKind kind = ChangeKind::changed;
    std::string part;    // "NIC 24:6e:96:aa:00:01", "BIOS"
    std::string before;  // "version 2.10.2"; empty when added
    std::string after;   // empty when removed
};

std::string to_string(const Change& change);  // "BIOS: version 2.10.2 -> version 2.11.0"
const char* to_string(ChangeKind kind);

// Two inventories as to_json() wrote them, possibly by different versions of it: only what both know is compared.
// Error: one is no inventory.
Result<std::vector<Change>> changes_between(std::string_view before, std::string_view now);

}  // namespace pando::hwdetect
