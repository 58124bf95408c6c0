// SPDX-License-Identifier: GPL-2.0-or-later
// This machine's own BMC, by the kernel's IPMI interface (ipmi_si, ipmi_devintf). No library is needed for one request
// at a time, and nothing but devtmpfs is touched.
//
//   if (auto bmc = TRY(BmcDevice::open())) TRY(bmc->ask({0x06, 0x01, {}}, deadline));   // Get Device ID
#pragma once

#include "base/fd.h"
#include "initrd/bmc_log.h"

#include <filesystem>
#include <optional>

namespace pando::initrd {

constexpr const char* bmc_device = "/dev/ipmi0";

class BmcDevice {
public:
    // Nothing: this machine has no BMC that its kernel knows.
    static Result<std::optional<BmcDevice>> open(const std::filesystem::path& device = bmc_device);

    // What it answers behind the completion code. Error: none by the deadline, or another code than 0.
    Result<std::vector<uint8_t>> ask(const BmcRequest& request, Deadline deadline);

private:
    UniqueFd fd_;
    long last_ = 0;  // number of a request; an answer that came too late for an earlier one is passed over
};

}  // namespace pando::initrd
