// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/placeholder.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

namespace pando::config {
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

}  // namespace

bool is_placeholder(std::string_view text) {
    std::string low(text);
    std::transform(low.begin(), low.end(), low.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return is_blank_filling(low) || std::find(placeholders.begin(), placeholders.end(), low) != placeholders.end();
}

}  // namespace pando::config
