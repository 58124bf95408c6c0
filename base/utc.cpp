// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/utc.h"

#include <array>
#include <ctime>

namespace pando {
namespace {

constexpr const char* form = "%Y-%m-%dT%H:%M:%SZ";

}  // namespace

std::string utc(int64_t seconds_since_1970) {
    const std::time_t seconds = seconds_since_1970;
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    std::array<char, 32> buffer{};
    return {buffer.data(), std::strftime(buffer.data(), buffer.size(), form, &parts)};
}

std::string utc_now() { return utc(std::time(nullptr)); }

std::optional<int64_t> seconds_of_utc(const std::string& text) {
    std::tm parts{};
    const char* rest = strptime(text.c_str(), form, &parts);
    if (rest == nullptr || *rest != '\0') return std::nullopt;
    return timegm(&parts);
}

}  // namespace pando
