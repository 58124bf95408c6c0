// SPDX-License-Identifier: GPL-2.0-or-later
// Numbers in text that somebody else wrote: the whole of it is one, or it is none.
//
//   const auto pid = whole_number<pid_t>("4711");
#pragma once

#include <charconv>
#include <optional>
#include <string_view>

namespace pando {

template <typename T>
std::optional<T> whole_number(std::string_view text, int base = 10) {
    T value{};
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, value, base);
    return error == std::errc() && rest == end ? std::optional(value) : std::nullopt;
}

}  // namespace pando
