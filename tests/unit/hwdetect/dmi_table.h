// SPDX-License-Identifier: GPL-2.0-or-later
// Makes tables as firmware does, for tests: bytes that the parser reads.
#pragma once

#include <cstdint>
#include <sstream>
#include <string>
#include <vector>

namespace pando::test {

inline std::string bytes_of_hex(const std::string& text) {
    std::istringstream words(text);
    std::string bytes;
    for (std::string word; words >> word;) bytes += static_cast<char>(std::stoi(word, nullptr, 16));
    return bytes;
}

inline std::string little_endian(uint64_t value, size_t size) {
    std::string bytes;
    for (size_t i = 0; i < size; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xffU);
    return bytes;
}

inline std::string dmi_record(unsigned type, unsigned handle, const std::string& fixed,
                              const std::vector<std::string>& strings = {}) {
    std::string record = little_endian(type, 1) + little_endian(fixed.size() + 4, 1) + little_endian(handle, 2) + fixed;
    for (const std::string& text : strings) record += text + '\0';
    if (strings.empty()) record += '\0';
    return record + '\0';
}

// "17 = 01 02 | string | string"
inline std::string dmi_record_of_text(const std::string& text, unsigned handle) {
    const size_t equals = text.find('=');
    std::vector<std::string> parts;
    for (size_t at = equals + 1; at <= text.size();) {
        const size_t end = std::min(text.find(" | ", at), text.size());
        parts.push_back(text.substr(at, end - at));
        at = end + 3;
    }
    const std::string fixed = bytes_of_hex(parts.front());
    parts.erase(parts.begin());
    return dmi_record(static_cast<unsigned>(std::stoi(text)), handle, fixed, parts);
}

// Of version 3; the sum is left out, as the kernel has checked it.
inline std::string dmi_entry_point(unsigned major, unsigned minor, size_t table_size) {
    return std::string("_SM3_") + '\0' + '\x18' + little_endian(major, 1) + little_endian(minor, 1) +
           little_endian(0, 1) + little_endian(1, 2) + little_endian(table_size, 4) + little_endian(0, 8);
}

}  // namespace pando::test
