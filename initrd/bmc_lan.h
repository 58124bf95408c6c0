// SPDX-License-Identifier: GPL-2.0-or-later
// Where this machine's own BMC is reached over the network: neither sysfs nor the firmware's tables have it.
//
//   const auto address = TRY(read_bmc_address([&](const BmcRequest& request, Deadline until) {
//       return bmc.ask(request, until); }, Deadline::after(2s)));                   // "10.20.1.12"; empty: it has none
#pragma once

#include "initrd/bmc_log.h"

#include <string>

namespace pando::initrd {

// IPv4, of its first LAN channel that has one. Error: it does not answer.
Result<std::string> read_bmc_address(const AskBmc& ask, Deadline deadline);

}  // namespace pando::initrd
