// SPDX-License-Identifier: GPL-2.0-or-later
#include "hwdetect/placeholder.h"

#include "base/number.h"

#include <optional>

namespace pando::hwdetect {
namespace {

// The first byte; nothing when the text is no MAC of Ethernet.
std::optional<unsigned> first_byte_of_mac(std::string_view mac) {
    constexpr size_t length = 17;
    if (mac.size() != length) return std::nullopt;
    for (size_t at = 0; at < length; at += 3) {
        if (!whole_number<uint8_t>(mac.substr(at, 2), 16)) return std::nullopt;
        if (at + 2 < length && mac[at + 2] != ':') return std::nullopt;
    }
    return whole_number<uint8_t>(mac.substr(0, 2), 16);
}

}  // namespace

MacKind kind_of_mac(std::string_view mac) {
    constexpr unsigned group_bit = 1;
    constexpr unsigned local_bit = 2;
    const auto first = first_byte_of_mac(mac);
    if (!first || (*first & group_bit) != 0 || mac == "00:00:00:00:00:00") return MacKind::unusable;
    return (*first & local_bit) != 0 ? MacKind::local : MacKind::universal;
}

const char* to_string(MacKind kind) {
    switch (kind) {
        case MacKind::unusable:
            return "unusable";
        case MacKind::local:
            return "local";
        case MacKind::universal:
            break;
    }
    return "universal";
}

}  // namespace pando::hwdetect
