// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/printable.h"

#include <fmt/format.h>

#include <algorithm>

namespace pando {
namespace {

// The length of the character that the text begins with; 0: it is none. Overlong forms and surrogates are none.
size_t character_length(std::string_view text) {
    const auto byte = [&](size_t at) { return static_cast<unsigned char>(text[at]); };
    const unsigned first = byte(0);
    if (first < 0x80) return 1;
    const size_t length = first >= 0xc2 && first < 0xe0   ? 2
                          : first >= 0xe0 && first < 0xf0 ? 3
                          : first >= 0xf0 && first < 0xf5 ? 4
                                                          : 0;
    if (length == 0 || length > text.size()) return 0;
    for (size_t i = 1; i < length; ++i)
        if ((byte(i) & 0xc0U) != 0x80) return 0;
    const unsigned second = byte(1);
    if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) || (first == 0xf0 && second < 0x90) ||
        (first == 0xf4 && second > 0x8f))
        return 0;
    return length;
}

}  // namespace

bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        const size_t length = character_length(text);
        if (length == 0) return false;
        text.remove_prefix(length);
    }
    return true;
}

std::string printable(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const size_t length = character_length(text);
        const auto first = static_cast<unsigned char>(text.front());
        if (first == '\n')
            out += "\\n";
        else if (first == '\t')
            out += "\\t";
        else if (first == '\\')
            out += "\\\\";
        else if (length == 0 || first < 0x20 || first == 0x7f)
            out += fmt::format("\\x{:02x}", first);
        else
            out += text.substr(0, length);
        text.remove_prefix(std::max<size_t>(length, 1));
    }
    return out;
}

std::string plain_text(std::string_view text, size_t limit) {
    std::string out;
    while (!text.empty()) {
        const size_t length = character_length(text);
        const auto first = static_cast<unsigned char>(text.front());
        // U+0080 to U+009F are control characters, too.
        const bool control = first < 0x20 || first == 0x7f || (first == 0xc2 && length == 2 && text[1] < '\xa0');
        const std::string_view kept = length == 0 || control ? "?" : text.substr(0, length);
        if (out.size() + kept.size() > limit) break;
        out += kept;
        text.remove_prefix(std::max<size_t>(length, 1));
    }
    return out;
}

}  // namespace pando
