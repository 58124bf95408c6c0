// SPDX-License-Identifier: GPL-2.0-or-later
// What this machine's BMC is told of a reset, for its System Event Log: it can be read from afar when the machine is
// dead, and outlives the power. First "OS Critical Stop, Run-time critical stop", which every tool and alert policy
// knows; then the reason, in pieces, as the kernel would write that of a panic (record type F0, "Linux kernel panic:"
// for ipmitool).
//
//   TRY(write_reset_to_bmc([&](const BmcRequest& request, Deadline deadline) { return bmc.ask(request, deadline); },
//                          reason, Deadline::after(3s)));
#pragma once

#include "base/deadline.h"
#include "base/result.h"

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

namespace pando::initrd {

struct BmcRequest {
    uint8_t function = 0;  // IPMI's "network function", as of a request
    uint8_t command = 0;
    std::vector<uint8_t> data;
};

// What the BMC answered, behind the completion code, which was 0.
using AskBmc = std::function<Result<std::vector<uint8_t>>(const BmcRequest& request, Deadline deadline)>;

// One "Add SEL Entry" for each record. A log holds some hundred of them: a long reason is cut.
std::vector<BmcRequest> reset_records(std::string_view reason);

Result<> write_reset_to_bmc(const AskBmc& ask, std::string_view reason, Deadline deadline);

// "it is full": why a BMC does not do what it was asked, by its completion code.
std::string completion_text(uint8_t code);

}  // namespace pando::initrd
