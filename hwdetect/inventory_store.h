// SPDX-License-Identifier: GPL-2.0-or-later
// The inventories of a node's machine, in the node's own part of the root: that of its last boot, and the one before
// the last change.
//
//   const auto stored = TRY(hwdetect::store_inventory("/var/lib/pando", inventory));
//   for (const auto& change : stored.changes) log::warning("hardware: {}", to_string(change));
#pragma once

#include "base/result.h"
#include "base/sysroot.h"
#include "hwdetect/changes.h"
#include "hwdetect/inventory.h"

#include <filesystem>
#include <string>
#include <vector>

namespace pando::hwdetect {

constexpr const char* inventory_directory = "/var/lib/pando";  // private to each node
constexpr const char* inventory_file = "hardware.json";
constexpr const char* previous_inventory_file = "hardware.previous.json";

struct StoredInventory {
    bool first = false;           // nothing was stored before
    std::string unreadable;       // what was stored before and is no inventory: it was written over
    std::vector<Change> changes;  // since the boot before
};

// Compares with what is stored, keeps that as the previous one when a part differs, and stores this one. Power may go
// at any time: the comparison is then made anew by the next boot.
Result<StoredInventory> store_inventory(const std::filesystem::path& directory, const Inventory& inventory);

// What the last change was, as stored in a directory below `root`. Nothing: there never was one. Error: no inventory
// is stored there, with advice.
Result<std::vector<Change>> last_changes(const Sysroot& root, const std::filesystem::path& directory);

}  // namespace pando::hwdetect
