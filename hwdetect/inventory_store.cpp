// SPDX-License-Identifier: GPL-2.0-or-later
#include "hwdetect/inventory_store.h"

#include "base/file.h"

namespace pando::hwdetect {
namespace {

constexpr size_t size_limit = 4U << 20U;  // bytes; a large machine has some tens of thousands
constexpr mode_t only_root = 0600;        // serial numbers are readable for root only, here as in sysfs

}  // namespace

Result<StoredInventory> store_inventory(const std::filesystem::path& directory, const Inventory& inventory) {
    StoredInventory stored;
    const auto file = directory / inventory_file;
    const std::string now = to_json(inventory) + "\n";
    TRY(make_directories(directory));
    const auto before = read_file(file, size_limit);
    if (!before && before.error().sys != 0 && before.error().sys != ENOENT) return Failure(before.error());
    stored.first = !before && before.error().sys == ENOENT;
    if (before) {
        auto changes = changes_between(*before, now);
        if (changes)
            stored.changes = std::move(*changes);
        else
            stored.unreadable = fmt::format("{}: {}", file.string(), changes.error().what);
        // First what was, then what is: a cut between leaves both the same, and the next boot finds the changes again.
        if (!stored.changes.empty()) TRY(write_file_atomic(directory / previous_inventory_file, *before, only_root));
        if (*before == now) return stored;
    } else if (!stored.first) {
        stored.unreadable = before.error().what;
    }
    TRY(write_file_atomic(file, now, only_root));
    return stored;
}

Result<std::vector<Change>> last_changes(const Sysroot& root, const std::filesystem::path& directory) {
    const auto now = root.read(directory / inventory_file, size_limit);
    if (!now)
        return Failure(now.error())
            .advise("a node stores its inventory when it has booted: has it, with this version?");
    const auto before = root.read(directory / previous_inventory_file, size_limit);
    if (!before && before.error().sys == ENOENT) return std::vector<Change>();
    if (!before) return Failure(before.error());
    return changes_between(*before, *now);
}

}  // namespace pando::hwdetect
