// SPDX-License-Identifier: GPL-2.0-or-later
#include "hwdetect/dmi.h"

#include "hwdetect/sysfs.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>

namespace pando::hwdetect {
namespace {

constexpr size_t header_size = 4;      // type, length, handle
constexpr size_t most_records = 8192;  // more is an endless table
constexpr size_t most_strings = 255;   // a record names them by one byte
constexpr uint8_t end_of_table = 127;

template <typename T>
std::optional<T> little_endian(std::string_view bytes, size_t offset) {
    if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) return std::nullopt;
    T value = 0;
    for (size_t i = sizeof(T); i-- > 0;)
        value = static_cast<T>(static_cast<T>(value << 8U) | static_cast<uint8_t>(bytes[offset + i]));
    return value;
}

// Takes the strings behind a record's fixed part, with the empty one that ends them. False: they have no end.
bool take_strings(std::string_view& rest, std::vector<std::string>& strings) {
    if (rest.substr(0, 2) == std::string_view("\0\0", 2)) {
        rest.remove_prefix(2);
        return true;
    }
    for (;;) {
        const size_t end = rest.find('\0');
        if (end == std::string_view::npos) return false;
        if (end == 0) {
            rest.remove_prefix(1);
            return true;
        }
        if (strings.size() < most_strings) strings.emplace_back(rest.substr(0, end));
        rest.remove_prefix(end + 1);
    }
}

struct EntryPoint {
    unsigned major = 0, minor = 0;
    std::optional<size_t> length;   // of the table
    std::optional<size_t> records;  // in it
};

// "_SM_" up to version 2, "_SM3_" since 3; the kernel has checked the sums before it showed them.
EntryPoint parse_entry_point(std::string_view bytes) {
    EntryPoint point;
    const auto number = [&](auto value) { return value ? std::optional<size_t>(*value) : std::nullopt; };
    if (bytes.substr(0, 5) == "_SM3_") {
        point.major = little_endian<uint8_t>(bytes, 7).value_or(0);
        point.minor = little_endian<uint8_t>(bytes, 8).value_or(0);
        point.length = number(little_endian<uint32_t>(bytes, 12));  // a limit: the end mark counts
    } else if (bytes.substr(0, 4) == "_SM_") {
        point.major = little_endian<uint8_t>(bytes, 6).value_or(0);
        point.minor = little_endian<uint8_t>(bytes, 7).value_or(0);
        point.length = number(little_endian<uint16_t>(bytes, 22));
        point.records = number(little_endian<uint16_t>(bytes, 28));
    }
    return point;
}

}  // namespace

std::optional<uint8_t> DmiRecord::byte(size_t offset) const { return little_endian<uint8_t>(fixed, offset); }
std::optional<uint16_t> DmiRecord::word(size_t offset) const { return little_endian<uint16_t>(fixed, offset); }
std::optional<uint32_t> DmiRecord::dword(size_t offset) const { return little_endian<uint32_t>(fixed, offset); }
std::optional<uint64_t> DmiRecord::qword(size_t offset) const { return little_endian<uint64_t>(fixed, offset); }

std::string DmiRecord::string(size_t offset) const {
    const size_t number = byte(offset).value_or(0);
    return number == 0 || number > strings.size() ? std::string() : cleaned(strings[number - 1]);
}

std::vector<const DmiRecord*> DmiTable::all(uint8_t type) const {
    std::vector<const DmiRecord*> found;
    for (const DmiRecord& record : records)
        if (record.type == type) found.push_back(&record);
    return found;
}

const DmiRecord* DmiTable::first(uint8_t type) const {
    for (const DmiRecord& record : records)
        if (record.type == type) return &record;
    return nullptr;
}

std::string DmiTable::uuid() const {
    constexpr uint8_t system = 1;
    constexpr size_t offset = 8, size = 16;
    const DmiRecord* record = first(system);
    if (record == nullptr || record->fixed.size() < offset + size) return {};
    constexpr std::array<size_t, size> swapped = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
    const bool old = major != 0 && (major < 2 || (major == 2 && minor < 6));
    std::string text;
    for (size_t i = 0; i < size; ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
        text += fmt::format("{:02x}", *record->byte(offset + (old ? i : swapped.at(i))));
    }
    return text;
}

DmiTable parse_dmi(std::string_view entry_point, std::string_view table) {
    const EntryPoint point = parse_entry_point(entry_point);
    DmiTable out;
    out.major = point.major;
    out.minor = point.minor;
    std::string_view rest = table.substr(0, std::min(point.length.value_or(table.size()), dmi_table_limit));
    while (rest.size() >= header_size) {
        if (point.records && out.records.size() >= *point.records) return out;
        const auto fault = [&](std::string_view what) {
            out.fault = fmt::format("the firmware's table: record {} {}", out.records.size() + 1, what);
            return out;
        };
        if (out.records.size() >= most_records) return fault("is one too many");
        DmiRecord record;
        record.type = *little_endian<uint8_t>(rest, 0);
        record.handle = *little_endian<uint16_t>(rest, 2);
        const size_t length = *little_endian<uint8_t>(rest, 1);
        if (length < header_size) return fault(fmt::format("says that it is {} bytes long", length));
        if (length > rest.size()) return fault("is cut off");
        record.fixed = std::string(rest.substr(0, length));
        rest.remove_prefix(length);
        const bool ended = take_strings(rest, record.strings);
        const bool last = record.type == end_of_table;
        if (!ended && !last) return fault("has texts without an end");
        out.records.push_back(std::move(record));
        if (last) return out;
    }
    // Old tables have no end mark and are counted instead.
    if (!point.records && !table.empty()) out.fault = "the firmware's table has no end mark";
    return out;
}

}  // namespace pando::hwdetect
