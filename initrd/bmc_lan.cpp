// SPDX-License-Identifier: GPL-2.0-or-later
// IPMI 2.0: 22.24 "Get Channel Info", 23.2 "Get LAN Configuration Parameters", table 6-1 channel numbers, 6-3 media.
#include "initrd/bmc_lan.h"

#include <array>

namespace pando::initrd {
namespace {

constexpr uint8_t application = 0x06, get_channel_info = 0x42;
constexpr uint8_t transport = 0x0c, get_lan_parameter = 0x02, ip_address = 3;
constexpr uint8_t first_channel = 1, last_channel = 11, lan_medium = 4;

// Of a channel number that is not in use the BMC says so: that is no fault.
Result<bool> is_lan(const AskBmc& ask, uint8_t channel, Deadline deadline) {
    const auto info = ask({application, get_channel_info, {channel}}, deadline);
    if (!info && info.error().kind == ErrorKind::timeout) return Failure(info.error());
    return info && info->size() > 1 && ((*info)[1] & 0x7fU) == lan_medium;
}

}  // namespace

Result<std::string> read_bmc_address(const AskBmc& ask, Deadline deadline) {
    for (uint8_t channel = first_channel; channel <= last_channel; ++channel) {
        if (!TRY(is_lan(ask, channel, deadline))) continue;
        const auto asked = ask({transport, get_lan_parameter, {channel, ip_address, 0, 0}}, deadline);
        if (!asked && asked.error().kind == ErrorKind::timeout) return Failure(asked.error());
        if (!asked) continue;  // a channel that tells nobody on this side
        const auto& answer = *asked;
        constexpr size_t begin = 1;  // behind the revision of the parameter
        if (answer.size() < begin + 4) return fail("the BMC's answer about its address is short");
        const std::array<uint8_t, 4> ip = {answer[begin], answer[begin + 1], answer[begin + 2], answer[begin + 3]};
        if (ip != std::array<uint8_t, 4>{}) return fmt::format("{}.{}.{}.{}", ip[0], ip[1], ip[2], ip[3]);
    }
    return std::string();
}

}  // namespace pando::initrd
