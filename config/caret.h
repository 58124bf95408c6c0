// SPDX-License-Identifier: GPL-2.0-or-later
// From the parser's columns, which count bytes, to those that people count and those that a terminal fills.
//
//   fmt::print("{}:{}\n{:>{}}", line_number, characters(line.substr(0, byte)) + 1, "^", width(shown) + 1);
#pragma once

#include <cstddef>
#include <string_view>

namespace pando::config {

size_t characters(std::string_view utf8);  // as editors count; a byte that is no UTF-8 is one
size_t width(std::string_view utf8);       // columns of a terminal: some characters fill two, some none

}  // namespace pando::config
