// SPDX-License-Identifier: GPL-2.0-or-later
#include "config/caret.h"

#include <locale.h>
#include <wchar.h>
#include <cstdint>

namespace pando::config {
namespace {

// Takes one character off the text. A byte that begins none is a character of its own.
wchar_t next(std::string_view& text) {
    const auto first = static_cast<unsigned char>(text.front());
    const size_t length = first < 0xc2 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 1;
    uint32_t code = length == 1 ? first : first & (0xffU >> (length + 1));
    size_t taken = 1;
    for (; taken < length && taken < text.size(); ++taken) {
        const auto byte = static_cast<unsigned char>(text[taken]);
        if ((byte & 0xc0U) != 0x80) break;
        code = code << 6U | (byte & 0x3fU);
    }
    if (taken != length) taken = 1, code = 0xfffd;
    text.remove_prefix(taken);
    return static_cast<wchar_t>(code);
}

}  // namespace

size_t characters(std::string_view utf8) {
    size_t count = 0;
    for (; !utf8.empty(); ++count) (void)next(utf8);
    return count;
}

size_t width(std::string_view utf8) {
    // Whatever locale the operator has: the file is UTF-8. An initramfs has no locales: one column each, then.
    static const locale_t ours = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    const locale_t before = ours == nullptr ? nullptr : uselocale(ours);
    size_t sum = 0;
    while (!utf8.empty()) {
        const wchar_t character = next(utf8);
        const int columns = ours == nullptr ? 1 : wcwidth(character);
        sum += columns < 0 ? 1U : static_cast<size_t>(columns);
    }
    if (before != nullptr) uselocale(before);
    return sum;
}

}  // namespace pando::config
