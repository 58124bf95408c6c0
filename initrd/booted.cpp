// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/booted.h"

#include "base/log.h"
#include "hwdetect/inventory_store.h"
#include "initrd/console.h"
#include "initrd/kept_boots.h"
#include "initrd/last_end.h"
#include "initrd/timeline.h"

namespace pando::initrd {
namespace {

// What was changed in the machine since the boot before. A machine that cannot be read is no reason not to be up.
Result<hwdetect::StoredInventory> store_hardware() {
    const auto inventory = TRY(hwdetect::read_inventory(TRY(Sysroot::open("/"))));
    return hwdetect::store_inventory(hwdetect::inventory_directory, inventory);
}

void tell_hardware(const std::string& node) {
    const auto stored = store_hardware();
    if (!stored) {
        log::write(stored.error().context("keeping the inventory of this machine"));
        return;
    }
    if (!stored->unreadable.empty()) log::warning("{}; it was written anew", stored->unreadable);
    for (const auto& change : stored->changes) log::warning("hardware of {}: {}", node, to_string(change));
}

}  // namespace

int booted_main() {
    auto timeline = Timeline::load();
    if (!timeline) {
        log::write(timeline.error());
        log::hint("was this system started by pando-boot?");
        return 1;
    }
    timeline->state = "booted";
    timeline->begin("booted", 1);
    timeline->succeed("multi-user");
    if (auto saved = timeline->save(); !saved) {
        log::write(saved.error());
        return 1;
    }
    log_to_consoles(false);
    log::info("{} of cluster {} is up", timeline->node, timeline->cluster);
    // These write to the root, which may be frozen: last.
    if (auto kept = keep_last_end(); !kept) log::write(kept.error().context("keeping how this machine ended last"));
    if (auto kept = keep_boot(boots_directory, *timeline, this_boot()); !kept)
        log::write(kept.error().context("keeping where the seconds of this boot went"));
    tell_hardware(timeline->node);
    return 0;
}

}  // namespace pando::initrd
