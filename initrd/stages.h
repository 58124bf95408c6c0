// SPDX-License-Identifier: GPL-2.0-or-later
// The stages of a boot: one row each, in their order. The row says how long it may take, what happens when it fails,
// and what a person at the console should look at. cluster.yaml's boot.stages may change deadline and policy.
#pragma once

#include "base/deadline.h"
#include "base/result.h"
#include "config/cluster.h"

#include <string>
#include <string_view>
#include <vector>

namespace pando::initrd {

struct Boot;  // what one boot knows so far: initrd/boot.h

struct Stage {
    std::string_view name;
    Milliseconds deadline;
    config::Policy policy;
    // Does the work; what it returns is shown behind "ok": "2 NICs, 5 drivers".
    Result<std::string> (*run)(Boot& boot, Deadline deadline);
    std::string_view advice;  // shown when the error has no advice of its own
};

const std::vector<Stage>& boot_stages();     // hardware … handover
const std::vector<Stage>& install_stages();  // hardware … storage, then install: rd.pando.install

bool is_stage(std::string_view name);
std::string stage_names();  // "hardware network …" for messages

}  // namespace pando::initrd
