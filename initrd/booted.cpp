// SPDX-License-Identifier: GPL-2.0-or-later
#include "initrd/booted.h"

#include "base/log.h"
#include "initrd/console.h"
#include "initrd/timeline.h"

namespace pando::initrd {

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
    return 0;
}

}  // namespace pando::initrd
