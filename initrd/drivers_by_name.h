// SPDX-License-Identifier: GPL-2.0-or-later
// Drivers that no device asks for by its modalias: those that cluster.yaml names, and that of the BMC's watchdog. They
// are loaded beside the stages; what fails is told and stops nothing.
//
//   begin_named_drivers(boot.node().drivers);
//   begin_bmc_watchdog(boot.cluster->watchdog_of(boot.node()));  // before the watch looks for its card
#pragma once

#include "base/deadline.h"
#include "base/result.h"
#include "base/sysroot.h"
#include "config/cluster.h"

#include <functional>
#include <string>
#include <vector>

namespace pando::initrd {

void begin_named_drivers(const std::vector<std::string>& drivers);

// Where the machine has a BMC and no other card, or the description asks for the BMC's. Returns when it is loaded; a
// BMC that comes up later, or answers slowly, is waited for in the background.
void begin_bmc_watchdog(const config::Watchdog& wanted);

// What the latter does: true when it has loaded the driver.
using LoadByName = std::function<Result<>(const std::vector<std::string>& names)>;
Result<bool> load_bmc_watchdog(const Sysroot& root, const config::Watchdog& wanted, const LoadByName& load,
                               Deadline deadline);

}  // namespace pando::initrd
