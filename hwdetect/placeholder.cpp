// SPDX-License-Identifier: GPL-2.0-or-later
#include "hwdetect/placeholder.h"

#include "base/number.h"
#include "hwdetect/sysfs.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

namespace pando::hwdetect {
namespace {

// In lower case. UUIDs that many boards share are here too.
constexpr std::array placeholders = {
    "to be filled by o.e.m.",
    "to be filled by o.e.m",
    "to be set by oem",
    "not specified",
    "not available",
    "not applicable",
    "not provided",
    "not defined",
    "not settable",
    "not present",
    "default string",
    "default",
    "system serial number",
    "system product name",
    "system manufacturer",
    "system uuid",
    "base board serial number",
    "chassis serial number",
    "chassis asset tag",
    "asset tag",
    "asset-1234567890",
    "no asset tag",
    "no asset information",
    "no enclosure",
    "none",
    "n/a",
    "na",
    "o.e.m.",
    "oem",
    "unknown",
    "undefined",
    "invalid",
    "empty",
    "serial number",
    "0123456789",
    "1234567890",
    "123456789",
    "12345678",
    "123456789abcdef",
    "03000200-0400-0500-0006-000700080009",
    "00020003-0004-0005-0006-000700080009",
    "12345678-1234-5678-90ab-cddeefaabbcc",
    "01234567-8910-1112-1314-151617181920",
    "fefefefe-fefe-fefe-fefe-fefefefefefe",
    "00112233-4455-6677-8899-aabbccddeeff",
};

// Nothing but separators and one of these: "00000000-0000-…", "FFFF", "0000 0000", ".....", "XXXXXXXX".
bool is_blank_filling(std::string_view text) {
    char seen = 0;
    for (const char c : text) {
        if (std::string_view(" -.:_").find(c) != std::string_view::npos) continue;
        if (std::string_view("0fx").find(c) == std::string_view::npos) return false;
        if (seen != 0 && seen != c) return false;
        seen = c;
    }
    return true;
}

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

bool is_placeholder(std::string_view text) {
    const std::string low = lower(text);
    return is_blank_filling(low) || std::find(placeholders.begin(), placeholders.end(), low) != placeholders.end();
}

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
