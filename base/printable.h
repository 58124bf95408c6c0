// SPDX-License-Identifier: GPL-2.0-or-later
// Names of files may hold any byte. What is printed of them stays on its line and on the terminal's good side.
//
//   printable("a b\nc") == "a b\\nc"
#pragma once

#include <string>
#include <string_view>

namespace pando {

bool is_utf8(std::string_view text);

// Control characters, backslashes and bytes that are no UTF-8 as \n, \t, \\, \x1b.
std::string printable(std::string_view text);

// For text that is kept, not only shown (what firmware says of a machine): at most `limit` bytes of valid UTF-8, and a
// question mark for each control character and each byte that is no UTF-8.
std::string plain_text(std::string_view text, size_t limit);

}  // namespace pando
