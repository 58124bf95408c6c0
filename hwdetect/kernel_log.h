// SPDX-License-Identifier: GPL-2.0-or-later
// What the kernel says while drivers come up: which firmware files they asked for and did not get. No call returns
// that; a driver that misses its firmware loads "successfully" and its device never appears.
//
//   auto log = TRY(KernelLog::from_now());
//   … load drivers …
//   for (const MissingFirmware& file : log.missing_firmware()) log::warning("{}", to_string(file));
#pragma once

#include "base/fd.h"
#include "base/result.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pando::hwdetect {

struct MissingFirmware {
    std::string file;    // below /lib/firmware: "bnx2x/bnx2x-e2-7.13.21.0.fw"
    std::string driver;  // bnx2x
    std::string device;  // 0000:06:00.0; empty when the line does not tell
    bool operator==(const MissingFirmware&) const = default;
};

std::string to_string(const MissingFirmware& missing);  // with what to do about it

// One record of /dev/kmsg: "4,310,2061234,-;bnx2x 0000:06:00.0: Direct firmware load for … failed with error -2".
std::optional<MissingFirmware> missing_firmware_in(std::string_view record);

class KernelLog {
public:
    // Behind what is there now. Error: the kernel's log may not be read.
    static Result<KernelLog> from_now();

    // What was said since the last call, without waiting; each file of a device once.
    std::vector<MissingFirmware> missing_firmware();

private:
    UniqueFd kmsg_;
    std::vector<MissingFirmware> told_;
};

}  // namespace pando::hwdetect
